/// One who may hold leases: a replica, or one piece of work of it. Never used again by another.
public struct LeaseOwner: Hashable, Sendable, CustomStringConvertible {
    /// 32 hexadecimal digits.
    public let description: String

    /// One that nobody else is.
    public init() {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in
            let text = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        description = digits.joined()
    }
}

/// The right to be the only one who works on something, for a while.
public struct Lease: Hashable, Sendable {
    public let key: CoordinationKey
    public let owner: LeaseOwner
    /// Higher than that of every lease of this key before. Whoever writes for the holder refuses a lower one than it has seen.
    public let fence: UInt64

    public init(key: CoordinationKey, owner: LeaseOwner, fence: UInt64) {
        self.key = key
        self.owner = owner
        self.fence = fence
    }
}

/// What comes of asking for a lease.
public enum LeaseAnswer: Hashable, Sendable {
    case granted(Lease)
    /// Another holds it.
    ///
    /// - Parameters:
    ///   - note: What the holder left for others.
    ///   - left: How long it is held, if it is not renewed.
    case taken(note: [UInt8], left: Duration)
}
