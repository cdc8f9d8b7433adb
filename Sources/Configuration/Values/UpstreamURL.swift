public import OCI

/// Where an upstream registry is, and the prefix that its names get there.
///
/// The forms found in the wild mean the same thing: `https://docker.io/v2/library`, `https://index.docker.io/library`
/// and `https://registry-1.docker.io/v2/library/` all are Docker Hub's registry with the prefix `library`.
public struct UpstreamURL: Sendable, Hashable, CustomStringConvertible {
    public let scheme: Scheme
    /// In lower case, an IPv6 address without brackets.
    public let host: String
    /// nil is the scheme's own.
    public let port: Int?
    /// What goes before a name at the upstream; nil for most.
    public let prefix: RepositoryName?

    public enum Scheme: String, Sendable, Hashable {
        case http, https
    }

    public static let dockerHubHost = "registry-1.docker.io"

    /// There, a name of a single component means `library/<name>`.
    public var isDockerHub: Bool { host == UpstreamURL.dockerHubHost }

    /// What is sent there leaves this machine only by a proxy.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// `host` or `host:port`, an IPv6 address in brackets, as a `Host` field or a URL wants it.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }

    public init(_ text: String) throws(UpstreamURLError) {
        guard text.utf8.count <= 2048 else { throw UpstreamURLError("is longer than 2048 bytes", "shorten it") }
        guard let colon = text.firstRange(of: "://") else {
            throw UpstreamURLError("has no scheme", "start it with https:// or http://")
        }
        guard let scheme = Scheme(rawValue: text[..<colon.lowerBound].lowercased()) else {
            throw UpstreamURLError("has a scheme other than http and https", "start it with https:// or http://")
        }
        let rest = text[colon.upperBound...]
        // Nothing of the text is repeated from here until user info is known to be absent: it may hold a password.
        guard !rest.contains("@") else {
            throw UpstreamURLError("holds user info", "move it to username and password_file")
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw UpstreamURLError("has a query or a fragment", "end it with the path")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority: Authority
        do throws(AuthorityError) {
            authority = try Authority(rest[..<slash])
        } catch {
            throw UpstreamURLError(
                "has a wrong host: \(error.message)", "write it like https://registry.example.com:5000")
        }
        self.scheme = scheme
        port = authority.port
        host = ["docker.io", "index.docker.io"].contains(authority.host) ? UpstreamURL.dockerHubHost : authority.host
        prefix = try UpstreamURL.prefix(path: rest[slash...])
    }

    private static func prefix(path: Substring) throws(UpstreamURLError) -> RepositoryName? {
        var path = path.dropFirst()
        if path.hasSuffix("/") { path = path.dropLast() }
        if path == "v2" { return nil }
        if path.hasPrefix("v2/") { path = path.dropFirst(3) }
        guard !path.isEmpty else { return nil }
        guard let prefix = RepositoryName(path) else {
            throw UpstreamURLError(
                "has a path that is no repository name",
                "use lower-case components of letters and digits with '.', '_' or '-' between them, or no path")
        }
        return prefix
    }

    public var description: String {
        "\(scheme.rawValue)://\(authority)\(prefix.map { "/\($0)" } ?? "")"
    }
}

/// Why a text is no upstream's URL. Never repeats the text where that could hold a password.
public struct UpstreamURLError: Error, Sendable, Equatable {
    public let message: String
    public let remedy: String

    init(_ message: String, _ remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}
