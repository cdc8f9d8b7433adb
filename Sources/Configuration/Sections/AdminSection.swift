/// `[admin]`: steering by hand over HTTP. Absent: there is no such API.
public struct AdminSection: Sendable, Equatable {
    /// The file with the token.
    public let tokenFile: String
    public let token: Secret

    public init(tokenFile: String, token: Secret) {
        self.tokenFile = tokenFile
        self.token = token
    }
}
