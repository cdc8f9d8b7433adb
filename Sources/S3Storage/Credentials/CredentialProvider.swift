/// One place where credentials may be had.
protocol CredentialProvider: Sendable {
    /// For messages.
    var name: String { get }

    /// Nil if there is no such place here.
    func fetch() async throws(S3Error) -> S3Credentials?
}
