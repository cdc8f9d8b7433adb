import OCI
import Tokens

/// Who may do what in these tests: alice everything below `acme`, bob pulls there, everyone pulls below `public`.
struct Household: TokenAuthority {
    var present: Set<String> = ["alice", "bob"]
    /// Whom the header names.
    var shown: String?
    var failure: RegistryError?
    /// How everybody's password is stored.
    var hash = "hash"

    func subject(username: String, password: String) async throws(RegistryError) -> TokenSubject? {
        if let failure { throw failure }
        guard present.contains(username), password == "secret of \(username)" else { return nil }
        return TokenSubject(username)
    }

    func shownSubject() async throws(RegistryError) -> TokenSubject? {
        guard let shown else { return .anonymous }
        return try await subject(username: shown, password: "secret of \(shown)")
    }

    func credentials(of subject: TokenSubject) async -> CredentialMark? {
        present.contains(subject.id) ? CredentialMark(of: "\(hash) of \(subject)") : nil
    }

    func allows(_ access: ScopedAccess, to subject: TokenSubject, at service: ServiceName) async -> Bool {
        switch access {
        case .catalog:
            return subject.id == "alice"
        case .repository(let name, let operation):
            switch (name.components.first, operation) {
            case ("public", .pull): return true
            case ("acme", .pull): return !subject.isAnonymous
            case ("acme", _): return subject.id == "alice"
            default: return false
            }
        }
    }
}
