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
}
