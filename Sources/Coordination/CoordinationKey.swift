/// The name of a lease, a value or a counter: what it is about, and which one.
///
/// The three do not see each other: a lease and a value of one name are two things.
public struct CoordinationKey: Hashable, Sendable, CustomStringConvertible {
    /// The use of a key, which keeps those of different uses apart.
    public struct Space: Hashable, Sendable {
        public let name: StaticString

        public init(_ name: StaticString) { self.name = name }

        public static func == (left: Space, right: Space) -> Bool { left.description == right.description }

        public func hash(into hasher: inout Hasher) { hasher.combine(description) }

        public var description: String { name.withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }
    }

    public let space: Space
    /// Anything; what comes from strangers and has no bound should be hashed first.
    public let name: String

    public init(_ space: Space, _ name: String) {
        self.space = space
        self.name = name
    }

    public var description: String { "\(space.description)/\(name)" }
}
