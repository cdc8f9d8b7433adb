/// Somebody with a password: an `[identity.<id>]` table.
public struct User: Sendable, Equatable {
    public let id: IdentityID
    public let username: Username
    public let groups: [String]
    public let password: PasswordHash

    public init(id: IdentityID, username: Username, groups: [String] = [], password: PasswordHash) {
        self.id = id
        self.username = username
        self.groups = groups
        self.password = password
    }
}
