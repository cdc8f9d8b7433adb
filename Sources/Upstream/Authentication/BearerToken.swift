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
