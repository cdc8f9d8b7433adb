public import OCI

/// Identities and policy, as one request for a token meets them.
public protocol TokenAuthority: ScopePolicy {
    /// Whose name and password these are; nil if they are wrong.
    ///
    /// - Throws: If it cannot be told now.
    func subject(username: String, password: String) async throws(RegistryError) -> TokenSubject?

    /// Who asks without a password: mostly the anonymous one.
    func subjectWithoutPassword() async -> TokenSubject

    /// Whether this subject, who once showed a password, is still one that may come.
    func admits(_ subject: TokenSubject) async -> Bool
}
