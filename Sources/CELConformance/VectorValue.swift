import CEL
import Foundation

/// What in a vector this implementation cannot read.
struct VectorError: Error, CustomStringConvertible {
    let description: String
}

extension Value {
    /// Reads the protobuf JSON form of `cel.expr.Value`.
    init(vector json: JSON) throws {
        guard let (kind, payload) = json.object.first(where: { $0.key.hasSuffix("_value") }) else {
            throw VectorError(description: "a value without a kind")
        }
        switch kind {
        case "null_value": self = .null
        case "bool_value": self = .bool(payload.bool)
        case "int64_value": self = .int(try Self.integer(payload))
        case "uint64_value": self = .uint(try Self.integer(payload))
        case "double_value": self = .double(try Self.double(payload))
        case "string_value": self = .string(payload.string ?? "")
        case "bytes_value":
            guard let data = Data(base64Encoded: payload.string ?? "") else {
                throw VectorError(description: "bytes are not base64")
            }
            self = .bytes(Array(data))
        case "list_value":
            self = .list(try (payload["values"]?.array ?? []).map { try Value(vector: $0) })
        case "map_value":
            let entries = try (payload["entries"]?.array ?? []).map {
                CELMap.Entry(
                    key: try Value(vector: $0["key"] ?? .null), value: try Value(vector: $0["value"] ?? .null))
            }
            self = .map(try CELMap(entries))
        case "type_value": self = .type(RuntimeType(payload.string ?? ""))
        case "object_value": self = try Self.object(payload)
        default: throw VectorError(description: "a value of kind \(kind)")
        }
    }

    private static func integer<Integer: FixedWidthInteger>(_ json: JSON) throws -> Integer {
        guard let integer = Integer(json.string ?? "0", radix: 10) else {
            throw VectorError(description: "an integer that is none")
        }
        return integer
    }

    private static func double(_ json: JSON) throws -> Double {
        switch json {
        case .number(let value): return value
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default: throw VectorError(description: "a double that is none")
        }
    }

    private static func object(_ json: JSON) throws -> Value {
        let type = json["@type"]?.string ?? ""
        let text = json["value"]?.string ?? ""
        if type.hasSuffix("google.protobuf.Timestamp"), let timestamp = CELTimestamp(rfc3339: text) {
            return .timestamp(timestamp)
        }
        if type.hasSuffix("google.protobuf.Duration"), let duration = CELDuration(text) {
            return .duration(duration)
        }
        throw VectorError(description: "an object of type \(type)")
    }

    /// Whether two results are the same to the type: unlike `==`, and NaN is itself.
    func isSameResult(as other: Value) -> Bool {
        switch (self, other) {
        case (.double(let left), .double(let right)):
            return (left.isNaN && right.isNaN) || left == right
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.0.isSameResult(as: $0.1) }
        case (.map(let left), .map(let right)):
            return left.count == right.count
                && left.entries.allSatisfy { entry in
                    right.entries.contains {
                        $0.key.isSameResult(as: entry.key) && $0.value.isSameResult(as: entry.value)
                    }
                }
        default:
            return runtimeType == other.runtimeType && self == other
        }
    }
}
