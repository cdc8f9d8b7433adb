import FoundationEssentials

/// What a token service answers (distribution specification of Docker, "Token Authentication").
struct IssuedToken: Sendable {
    /// Allows for nothing but characters that a header can hold.
    let text: String
    /// Seconds.
    let lifetime: Int64

    static let defaultLifetime: Int64 = 60
    static let longestLifetime: Int64 = 24 * 3600

    init(text: String, lifetime: Int64) {
        self.text = text
        self.lifetime = lifetime
    }

    /// Nil unless the body is JSON with a usable `token` or `access_token`.
    init?(json: some Sequence<UInt8>) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json)),
            let text = [answer.token, answer.access_token].lazy.compactMap({ $0 }).first(where: { !$0.isEmpty }),
            text.utf8.count <= 32 << 10, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        let lifetime = answer.expires_in?.seconds ?? 0
        self.init(text: text, lifetime: lifetime > 0 ? min(lifetime, Self.longestLifetime) : Self.defaultLifetime)
    }

    private struct Answer: Decodable {
        let token: String?
        let access_token: String?
        let expires_in: Lifetime?
    }

    /// A number, or the text of one; anything else is as good as absent.
    private struct Lifetime: Decodable {
        let seconds: Int64?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let number =
                (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap(Double.init)
            seconds = number.flatMap { Int64(exactly: $0.rounded(.down)) }
        }
    }
}
