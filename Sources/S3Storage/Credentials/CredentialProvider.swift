/// One place where credentials may be had.
protocol CredentialProvider: Sendable {
    /// For messages.
    var name: String { get }

    /// Whether it is asked over a network.
    var isDistant: Bool { get }

    /// Nil if there is no such place here.
    func fetch() async throws(S3Error) -> S3Credentials?
}

extension CredentialProvider {
    var isDistant: Bool { false }
}
