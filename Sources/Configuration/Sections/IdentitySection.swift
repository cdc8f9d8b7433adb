public import Access

/// `[identity.<id>]`: somebody who may log in.
public struct IdentitySection: Sendable, Equatable {
    public let user: User
    /// Where the hash was read from; nil where it stands in the configuration itself.
    public let passwordFile: String?

    public init(user: User, passwordFile: String? = nil) {
        self.user = user
        self.passwordFile = passwordFile
    }
}
