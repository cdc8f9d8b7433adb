import TextEncodings

/// Name and password for one upstream, or the token that stands for a login there. Never prints either.
public struct RegistryCredentials: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    private enum Kind: Hashable {
        case password(username: String, String)
        case identityToken(String)
    }

    private let kind: Kind

    public init(username: String, password: String) { kind = .password(username: username, password) }

    /// - Parameter identityToken: As `docker login` gets it from a token service, which takes it in the place of a password
    ///   (OAuth 2.0, RFC 6749, section 6). The registry itself takes none.
    public init(identityToken: String) { kind = .identityToken(identityToken) }

    public var description: String { "RegistryCredentials(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of an `Authorization` header (RFC 7617); nil for a token.
    var basic: String? {
        guard case .password(let username, let password) = kind else { return nil }
        return "Basic " + Base64.standard.encode("\(username):\(password)".utf8)
    }

    /// What tells them from others.
    var parts: [String] {
        switch kind {
        case .password(let username, let password): [username, password]
        case .identityToken(let token): ["<token>", token]
        }
    }

    /// For the operator; Docker's word where a token stands for it.
    var username: String { parts[0] }

    var identityToken: String? { if case .identityToken(let token) = kind { token } else { nil } }
}
