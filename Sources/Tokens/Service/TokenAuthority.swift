public import OCI

/// Identities and policy, as one request for a token meets them.
public protocol TokenAuthority: ScopePolicy {
    /// Whom the request itself names in its header, the anonymous one if nobody; nil if the credentials are wrong.
    ///
    /// - Throws: If it cannot be told now.
    func shownSubject() async throws(RegistryError) -> TokenSubject?

    /// Whose name and password these are; nil if they are wrong.
    ///
    /// - Throws: If it cannot be told now.
    func subject(username: String, password: String) async throws(RegistryError) -> TokenSubject?

    /// What this subject's password is now; nil for one that may not come any more. Refresh tokens end when it changes.
    func credentials(of subject: TokenSubject) async -> CredentialMark?
}
