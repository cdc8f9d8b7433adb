public import OCI

/// Why no token is given. Asking for more than is allowed is no reason: see ``TokenService``.
public enum TokenRequestError: Error, Sendable {
    case invalidRequest(String)
    case unsupportedGrantType
    case unknownService(String)
    /// Wrong user name or password; a refresh token that is unknown, expired, revoked, not for this service or client,
    /// or whose subject may no longer come. Which of these is not told.
    case badCredentials
    /// For a reason that is not the client's, or too often.
    case unavailable(RegistryError)

    /// HTTP.
    public var status: Int {
        switch self {
        case .invalidRequest, .unsupportedGrantType, .unknownService: 400
        case .badCredentials: 401
        case .unavailable(let error): error.status
        }
    }

    /// The word of RFC 6749, section 5.2.
    public var code: String {
        switch self {
        case .invalidRequest, .unknownService: "invalid_request"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .badCredentials: "invalid_grant"
        case .unavailable: "temporarily_unavailable"
        }
    }

    /// For the client.
    public var message: String {
        switch self {
        case .invalidRequest(let what): what
        case .unsupportedGrantType: "grant_type must be password or refresh_token"
        case .unknownService(let name):
            "cannot issue tokens for service: \"\(Self.printable(name))\""
        case .badCredentials: "the credentials are not valid"
        case .unavailable(let error): error.message
        }
    }
}

extension TokenRequestError {
    private static func printable(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        safe.append(
            contentsOf: text.unicodeScalars.filter { (0x20...0x7E).contains($0.value) && $0 != "\"" }.prefix(128))
        return String(safe)
    }
}
