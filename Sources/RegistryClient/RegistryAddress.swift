internal import OCI
public import Upstream

/// Where a registry is, as people write it: `HOST[:PORT][/PREFIX]`, with `http://` or `https://` before it.
public struct RegistryAddress: Sendable, Hashable {
    public let endpoint: UpstreamEndpoint

    /// Without a scheme it is `https`, but for this machine, which is asked in the clear as other tools do.
    ///
    /// - Parameter isPlain: It is asked in the clear in any case.
    public init?(_ text: some StringProtocol, isPlain: Bool = false) {
        var rest = text[...]
        var scheme: UpstreamEndpoint.Scheme?
        for (prefix, named) in [("https://", UpstreamEndpoint.Scheme.https), ("http://", .http)]
        where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
            scheme = named
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count).drop { $0 == "/" }
        var prefix: RepositoryName?
        if !path.isEmpty {
            guard let name = RepositoryName(String(path)) else { return nil }
            prefix = name
        }
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65535).contains(number) else {
                return nil
            }
            (host, port) = (authority[..<colon], number)
        }
        let isHere = host == "localhost" || host.hasPrefix("127.") || host == "[::1]"
        guard
            let endpoint = UpstreamEndpoint(
                scheme: isPlain ? .http : scheme ?? (isHere ? .http : .https), host: String(host), port: port,
                prefix: prefix)
        else { return nil }
        self.endpoint = endpoint
    }
}
