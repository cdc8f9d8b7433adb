/// A CEL value.
public enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    /// A sequence of Unicode code points; no normalisation takes place.
    case string(String)
    case bytes([UInt8])
    case list([Value])
    case map(CELMap)
    case timestamp(CELTimestamp)
    case duration(CELDuration)
    case type(RuntimeType)
    indirect case optional(Value?)
    /// A value of a type that only functions understand.
    indirect case opaque(any OpaqueValue)
}

/// A value of a type that the language knows by name only.
public protocol OpaqueValue: Sendable {
    var runtimeType: RuntimeType { get }
    func isEqual(to other: any OpaqueValue) -> Bool
}

extension Value: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: Value...) { self = .list(elements) }
}

extension Value {
    public var runtimeType: RuntimeType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map: .map
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type
        case .optional: .optional
        case .opaque(let value): value.runtimeType
        }
    }

    /// Whether this is the value that `optional.ofNonZeroValue` treats as absent.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .list(let value): value.isEmpty
        case .map(let value): value.isEmpty
        case .timestamp(let value): value == CELTimestamp.unixEpoch
        case .duration(let value): value.nanoseconds == 0
        case .optional(let value): value == nil
        case .type, .opaque: false
        }
    }
}

extension Value: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)u"
        case .double(let value): "\(value)"
        case .string(let value): value.debugDescription
        case .bytes(let value): "b\(value)"
        case .list(let elements): "\(elements)"
        case .map(let map): "{" + map.entries.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        case .timestamp(let value): "timestamp(\(value.rfc3339))"
        case .duration(let value): "duration(\(value.text))"
        case .type(let value): value.name
        case .optional(let value): value.map { "optional.of(\($0))" } ?? "optional.none()"
        case .opaque(let value): "\(value)"
        }
    }
}
