import TextEncodings
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

/// A token and the times that count for it, in seconds since 1970.
struct BearerToken: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    let text: String
    /// From when on a new one is fetched.
    let refresh: Int64
    let expiry: Int64

    init(_ issued: IssuedToken, now: Int64) {
        text = issued.text
        refresh = now + issued.lifetime * 8 / 10
        expiry = now + issued.lifetime
    }

    var description: String { "BearerToken(redacted)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// Who issues tokens for an upstream, as its challenge says.
struct TokenIssuer: Hashable, Sendable {
    let realm: AbsoluteURL
    let service: String?

    /// The URL to ask for a token of `scope`. The scope is ours: a challenge could ask for more than we need.
    func url(scope: String) -> AbsoluteURL {
        var query = realm.query.map { $0 + "&" } ?? ""
        if let service { query += "service=\(PercentEncoding.encoded(service, keeping: "/:"))&" }
        query += "scope=\(PercentEncoding.encoded(scope, keeping: "/:"))"
        return AbsoluteURL(origin: realm.origin, path: realm.path, query: query)
    }
}
