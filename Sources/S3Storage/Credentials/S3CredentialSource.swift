public import SigV4

/// Credentials as they are now.
public struct S3Credentials: Sendable, Hashable {
    public let credentials: SigV4Credentials
    /// Seconds since 1970; nil for lasting ones.
    public let expiry: Int64?

    public init(_ credentials: SigV4Credentials, expiry: Int64? = nil) {
        self.credentials = credentials
        self.expiry = expiry
    }
}

/// Where credentials come from.
public protocol S3CredentialSource: Sendable {
    func credentials() async throws(S3Error) -> S3Credentials

    /// Looks for others after the store refused these; true if there are.
    func areReplaced(_ refused: S3Credentials) async -> Bool
}

/// Credentials that stay as they are.
public struct FixedCredentials: S3CredentialSource {
    private let fixed: S3Credentials

    public init(_ credentials: SigV4Credentials) {
        fixed = S3Credentials(credentials)
    }

    public func credentials() async throws(S3Error) -> S3Credentials { fixed }

    public func areReplaced(_ refused: S3Credentials) async -> Bool { false }
}
