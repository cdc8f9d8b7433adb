/// What a refresh token stands for. It has no scope: what it gives is decided anew at each use.
public struct RefreshRecord: Sendable, Equatable, Codable {
    public let subject: String
    public let service: String
    public let client: ClientID
    /// The password that it stands for. Nil in records of earlier versions, which are worth nothing.
    public let credentials: CredentialMark?
    /// Seconds since 1970.
    public let issued: Int64
    public let expires: Int64

    public init(
        subject: String, service: String, client: ClientID, credentials: CredentialMark?, issued: Int64, expires: Int64
    ) {
        self.subject = subject
        self.service = service
        self.client = client
        self.credentials = credentials
        self.issued = issued
        self.expires = expires
    }
}
