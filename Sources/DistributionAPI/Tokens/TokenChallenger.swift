public import Access
public import Tokens

/// Sends clients to the token service (distribution specification of tokens, "Requesting a Token").
public struct TokenChallenger: Challenger {
    private let realm: String?
    private let service: ServiceName

    /// - Parameter realm: The token service's address; nil: the one by which the client called.
    public init(realm: String?, service: ServiceName) {
        self.realm = realm
        self.service = service
    }

    /// The service gives tokens to anybody.
    public var servesAnonymousClients: Bool { true }

    public func challenges(_ occasion: ChallengeOccasion) -> [String] {
        guard let realm = realm ?? Self.realm(occasion) else { return BasicChallenger().challenges(occasion) }
        var challenge = #"Bearer realm="\#(realm)",service="\#(service)""#
        if !occasion.wanted.isEmpty {
            let scopes = occasion.wanted.map { "\($0.type):\($0.name):\($0.actions.joined(separator: ","))" }
            // One parameter for all of them: of several clients keep the last.
            challenge += #",scope="\#(scopes.joined(separator: " "))""#
        }
        if let failure = occasion.failure { challenge += #",error="\#(failure.rawValue)""# }
        return [challenge]
    }

    /// Nil for a `Host` that could not stand in a URL between quotes.
    private static func realm(_ occasion: ChallengeOccasion) -> String? {
        guard let host = occasion.host, !host.isEmpty,
            host.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                    || ".-_:[]".utf8.contains(byte)
            })
        else { return nil }
        return "\(occasion.isSecure ? "https" : "http")://\(host)\(TokenAPI.tokenPath)"
    }
}
