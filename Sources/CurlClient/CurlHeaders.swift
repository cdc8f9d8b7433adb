/// Header fields in the order they came, names compared without case, several values for one name kept apart.
public struct CurlHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    private var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    public mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Replaces all fields of that name; `nil` removes them.
    public mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { Self.same($0.name, name) }
        if let value { append(name, value) }
    }

    /// The first value of that name.
    public subscript(name: String) -> String? {
        fields.first { Self.same($0.name, name) }?.value
    }

    /// Every value of that name, in order.
    public func all(_ name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// `Content-Length`; `nil` when absent or not one number.
    var contentLength: Int64? {
        let values = all("Content-Length")
        guard let first = values.first, !first.isEmpty, values.allSatisfy({ $0 == first }),
            first.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int64(first)
    }

    private static func same(_ one: String, _ other: String) -> Bool {
        let one = one.utf8
        let other = other.utf8
        return one.count == other.count && zip(one, other).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension CurlHeaders: RandomAccessCollection {
    public var startIndex: Int { fields.startIndex }
    public var endIndex: Int { fields.endIndex }
    public subscript(position: Int) -> Field { fields[position] }
}
