/// Where tokens of upstreams may be found that somebody else has fetched.
public protocol SharedTokens: Sendable {
    /// - Parameter name: What the token is for. Holds a password: not to be kept as it is.
    func token(_ name: [String]) async -> SharedToken?

    func keep(_ token: SharedToken, _ name: [String]) async
}

/// A token as it may be shared.
public struct SharedToken: Sendable, Codable, CustomStringConvertible, CustomReflectable {
    public let text: String
    /// Seconds since 1970.
    public let expiry: Int64

    public init(text: String, expiry: Int64) {
        self.text = text
        self.expiry = expiry
    }

    public var description: String { "SharedToken(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension IssuedToken {
    /// Nil for one that cannot be in a header, or is all but over.
    ///
    /// - Parameter now: Seconds since 1970.
    init?(_ shared: SharedToken, now: Int64) {
        let left = shared.expiry - now
        guard left > 10, (1...32 << 10).contains(shared.text.utf8.count),
            shared.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.init(text: shared.text, lifetime: min(left, Self.longestLifetime))
    }
}
