/// A map key, equal for every spelling of the same number.
enum MapKey: Hashable {
    case bool(Bool)
    case int(Int64)
    /// Only what ``int(_:)`` cannot hold.
    case uint(UInt64)
    case string(StringKey)

    init?(_ value: Value) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map(MapKey.int) ?? .uint(value)
        case .string(let value): self = .string(StringKey(value))
        case .double(let value):
            if let int = Int64(exactly: value) {
                self = .int(int)
            } else if let uint = UInt64(exactly: value) {
                self = .uint(uint)
            } else {
                return nil
            }
        default: return nil
        }
    }
}

/// A string that is equal code point by code point.
struct StringKey: Hashable {
    let value: String

    init(_ value: String) {
        self.value = value
    }

    static func == (left: StringKey, right: StringKey) -> Bool {
        left.value.isIdentical(to: right.value)
    }

    func hash(into hasher: inout Hasher) {
        var value = value
        value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
