import NIOCore
import TextEncodings

/// Who issues tokens for an upstream, as its challenge says.
struct UpstreamTokenIssuer: Hashable, Sendable {
    let realm: AbsoluteURL
    let service: String?

    /// The URL to ask for a token of `scope`, each of several on its own, as token services want it. The scope is ours: a
    /// challenge could ask for more than we need.
    func url(scope: String) -> AbsoluteURL {
        var query = realm.query.map { $0 + "&" } ?? ""
        if let service { query += "service=\(PercentEncoding.encoded(service, keeping: "/:"))&" }
        query += scope.split(separator: " ").map { "scope=\(PercentEncoding.encoded($0, keeping: "/:"))" }
            .joined(separator: "&")
        return AbsoluteURL(origin: realm.origin, path: realm.path, query: query)
    }

    /// What it is sent for a token of `scope` where a login stands for the password (Docker's "OAuth2 Token Authentication").
    /// Some services bind it to the client that logged in, which is docker.
    func form(scope: String, login: String) -> UpstreamRequest.Body {
        let fields = [
            ("grant_type", "refresh_token"), ("service", service ?? ""), ("client_id", "docker"), ("scope", scope),
            ("refresh_token", login),
        ]
        let text = fields.map { "\($0.0)=\(PercentEncoding.encoded($0.1, keeping: ""))" }.joined(separator: "&")
        var body = UpstreamRequest.Body.bytes(ByteBuffer(string: text))
        body.isSecret = true
        return body
    }
}
