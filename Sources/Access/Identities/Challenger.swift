/// Says to clients how to come back with credentials: what stands in `WWW-Authenticate`.
public protocol Challenger: Sendable {
    /// Whether clients without credentials get on by following the challenge, as they do where a token service gives
    /// tokens to anybody. Then `/v2/` can challenge everybody, which some clients need (Docker) to ask for tokens later.
    var servesAnonymousClients: Bool { get }

    /// Values of `WWW-Authenticate`, at least one.
    func challenges(_ occasion: ChallengeOccasion) -> [String]
}

/// Why a client is challenged.
public struct ChallengeOccasion: Sendable {
    public enum Failure: String, Sendable {
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
    }

    /// What the request would have needed; empty for `/v2/`.
    public let wanted: [ResourceAccess]
    /// What was wrong with a token; nil where none was shown.
    public let failure: Failure?
    /// The registry as the client calls it: its `Host` header.
    public let host: String?
    /// Whether the client came over TLS.
    public let isSecure: Bool

    public init(
        wanted: [ResourceAccess] = [], failure: Failure? = nil, host: String? = nil, isSecure: Bool = false
    ) {
        self.wanted = wanted
        self.failure = failure
        self.host = host
        self.isSecure = isSecure
    }
}

/// Asks for name and password (RFC 7617).
public struct BasicChallenger: Challenger {
    public init() {}

    /// Clients without credentials give up when they are asked for some.
    public var servesAnonymousClients: Bool { false }

    public func challenges(_ occasion: ChallengeOccasion) -> [String] {
        [#"Basic realm="Entrepot", charset="UTF-8""#]
    }
}
