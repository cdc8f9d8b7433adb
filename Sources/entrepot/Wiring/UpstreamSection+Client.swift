import Configuration
import Upstream

extension UpstreamEndpoint {
    init?(_ url: UpstreamURL) {
        self.init(scheme: url.scheme == .https ? .https : .http, host: url.host, port: url.port, prefix: url.prefix)
    }
}

extension UpstreamSection {
    /// Under which the upstream counts our requests; nil for anonymous. A certificate makes another of every user name.
    var account: String? {
        let parts = [credentials?.username ?? credentialHelper, clientCertificate?.certificate].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " with ")
    }
}

extension Configuration {
    /// What of each upstream may be used at a time.
    var caps: [(key: UpstreamGates.Key, caps: UpstreamCaps)] {
        repositories.flatMap(\.upstreams).compactMap { section in
            UpstreamEndpoint(section.url).map { endpoint in
                (
                    UpstreamGates.Key(name: endpoint.name, account: section.account),
                    UpstreamCaps(connections: section.maxConnections, bytesPerSecond: section.maxBandwidth?.bytes)
                )
            }
        }
    }
}
