import Configuration
import CurlClient
import Logging
import OCI
import Registry
import Upstream

/// Makes namespaces, with a client for each of their upstreams, from the configuration.
struct UpstreamBuilder {
    let curl: CurlClient
    let configuration: Configuration
    let logger: Logger
    private let tokens = TokenCache()

    init(curl: CurlClient, configuration: Configuration, logger: Logger) {
        self.curl = curl
        self.configuration = configuration
        self.logger = logger
    }

    func namespaces() throws -> Namespaces {
        Namespaces(
            try configuration.repositories.map(namespace), fallback: configuration.server.defaultRepository)
    }

    private func namespace(_ section: RepositorySection) throws -> Namespace {
        Namespace(
            key: section.name, host: section.namespace?.text, upstreams: try section.upstreams.map(client),
            impliesLibrary: section.namespace?.text == "docker.io"
                || section.upstreams.contains { $0.url.isDockerHub && $0.url.prefix == nil },
            tagTTL: section.tagTTL.milliseconds / 1000,
            pushes: PushRules(
                isOverlay: section.mode == .overlay, refusalStatus: section.writeRefusalStatus,
                allowsMissingReferences: section.allowsMissingReferences, hasImmutableTags: section.hasImmutableTags))
    }

    private func client(_ section: UpstreamSection) throws -> RegistryClient {
        let url = section.url
        guard
            let endpoint = UpstreamEndpoint(
                scheme: url.scheme == .https ? .https : .http, host: url.host, port: url.port, prefix: url.prefix)
        else { throw UnusableUpstream(url: url) }
        return RegistryClient(
            endpoint: endpoint,
            credentials: section.credentials.map {
                RegistryCredentials(username: $0.username, password: $0.password.reveal())
            },
            settings: RegistryClientSettings(
                authorityBundle: section.serverCABundle, clientCertificate: section.clientCertificate?.certificate,
                clientPrivateKey: section.clientCertificate?.privateKey,
                connectTimeout: section.connectTimeout.duration, stallTimeout: section.stallTimeout.duration,
                maxRedirects: section.maxRedirect, maxManifestSize: configuration.server.maxManifestSize.bytes),
            curl: curl, tokens: tokens, userAgent: "entrepot/\(entrepotVersion)", logger: logger)
    }
}

/// The configuration takes URLs of more kinds than the client does.
struct UnusableUpstream: Error, CustomStringConvertible {
    let url: UpstreamURL

    var description: String { "the upstream \(url) cannot be reached: its host is neither a name nor an address" }
}
