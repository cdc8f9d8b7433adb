/// What a function body takes out of an argument; dispatch has already seen to the type.
extension Value {
    var string: String {
        get throws(CELError) {
            if case .string(let value) = self { return value }
            throw mismatch("string")
        }
    }

    var int: Int64 {
        get throws(CELError) {
            if case .int(let value) = self { return value }
            throw mismatch("int")
        }
    }

    var uint: UInt64 {
        get throws(CELError) {
            if case .uint(let value) = self { return value }
            throw mismatch("uint")
        }
    }

    var double: Double {
        get throws(CELError) {
            if case .double(let value) = self { return value }
            throw mismatch("double")
        }
    }

    var bytes: [UInt8] {
        get throws(CELError) {
            if case .bytes(let value) = self { return value }
            throw mismatch("bytes")
        }
    }

    var list: [Value] {
        get throws(CELError) {
            if case .list(let value) = self { return value }
            throw mismatch("list")
        }
    }

    var map: CELMap {
        get throws(CELError) {
            if case .map(let value) = self { return value }
            throw mismatch("map")
        }
    }

    var timestamp: CELTimestamp {
        get throws(CELError) {
            if case .timestamp(let value) = self { return value }
            throw mismatch("timestamp")
        }
    }

    var duration: CELDuration {
        get throws(CELError) {
            if case .duration(let value) = self { return value }
            throw mismatch("duration")
        }
    }

    var optional: Value? {
        get throws(CELError) {
            if case .optional(let value) = self { return value }
            throw mismatch("optional")
        }
    }

    func opaque<Opaque: OpaqueValue>(_ type: Opaque.Type) throws(CELError) -> Opaque {
        if case .opaque(let value) = self, let opaque = value as? Opaque { return opaque }
        throw mismatch("\(type)")
    }

    private func mismatch(_ expected: String) -> CELError {
        CELError(.noMatchingOverload, "expected \(expected), found \(runtimeType.name)")
    }
}
