public import OCI

/// Where an upstream registry is, and what goes before repository names there.
public struct UpstreamEndpoint: Hashable, Sendable {
    public enum Scheme: String, Hashable, Sendable {
        case http
        case https
    }

    let origin: AbsoluteURL.Origin
    public let prefix: RepositoryName?

    /// Nil unless `host` is a host name or an IP address, IPv6 with or without brackets.
    ///
    /// - Parameters:
    ///   - port: Nil for the scheme's own.
    ///   - prefix: Put before every repository name.
    public init?(scheme: Scheme, host: String, port: Int? = nil, prefix: RepositoryName? = nil) {
        let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard
            let origin = AbsoluteURL.Origin(
                isSecure: scheme == .https, authority: port.map { "\(bracketed):\($0)" } ?? bracketed)
        else { return nil }
        self.origin = origin
        self.prefix = prefix
    }

    /// Host, and the port where it is not the scheme's own.
    public var name: String { origin.authority }
}
