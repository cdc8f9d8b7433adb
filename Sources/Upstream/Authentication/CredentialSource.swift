/// Where an account's password comes from, when it can change while the server runs.
public protocol CredentialSource: Sendable {
    /// As they are now.
    func credentials() async throws(UpstreamError) -> RegistryCredentials?

    /// Others than those that were refused; nil if there are none.
    func renewed(after refused: RegistryCredentials?) async throws(UpstreamError) -> RegistryCredentials?
}
