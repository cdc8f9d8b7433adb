#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Through which proxies requests go. Values may hold credentials, so that they never print.
public struct CurlProxies: Sendable, CustomStringConvertible, CustomReflectable {
    /// For `http` URLs.
    public var http: String?
    /// For `https` URLs.
    public var https: String?
    /// Comma-separated hosts, domains and networks that are asked directly; `*` for all.
    public var exceptions: String?

    public init(http: String? = nil, https: String? = nil, exceptions: String? = nil) {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    public static let none = CurlProxies()

    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, each in lower case first, as of this call.
    /// libcurl by itself would not read `HTTP_PROXY` in capitals, which only CGI programs have reason to fear.
    public static func environment() -> CurlProxies {
        let all = variable("ALL_PROXY")
        return CurlProxies(
            http: variable("HTTP_PROXY") ?? all, https: variable("HTTPS_PROXY") ?? all,
            exceptions: variable("NO_PROXY"))
    }

    struct Address: Hashable {
        var host: String
        var port: Int
    }

    /// Where the proxy listens, by libcurl's rules: a scheme is optional, the port is 1080 where none is given.
    func address(secure: Bool) -> Address? {
        guard let url = secure ? https : http, !url.isEmpty else { return nil }
        let afterScheme = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        // The last colon starts a port unless it stands within an IPv6 address's brackets.
        let colon = place.lastIndex(of: ":").flatMap { place[$0...].contains("]") ? nil : $0 }
        let host = place[..<(colon ?? place.endIndex)].filter { $0 != "[" && $0 != "]" }
        return Address(host: host, port: colon.flatMap { Int(place[place.index(after: $0)...]) } ?? 1080)
    }

    public var description: String { "CurlProxies(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func variable(_ name: String) -> String? {
        for name in [name.lowercased(), name] {
            if let value = getenv(name), value[0] != 0 { return String(cString: value) }
        }
        return nil
    }
}
