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
    private let budgets = RateBudgets()
    private let gates = UpstreamGates()

    init(curl: CurlClient, configuration: Configuration, logger: Logger) {
        self.curl = curl
        self.configuration = configuration
        self.logger = logger
    }

    func namespaces() throws -> Namespaces {
        gates.adjust(configuration.caps)
        return try makeNamespaces()
    }

    private func makeNamespaces() throws -> Namespaces {
        Namespaces(
            try configuration.repositories.map(namespace), fallback: configuration.server.defaultRepository)
    }

    private func namespace(_ section: RepositorySection) throws -> Namespace {
        Namespace(
            key: section.name, host: section.namespace?.text, upstreams: try section.upstreams.map(client),
            impliesLibrary: section.namespace?.text == "docker.io"
                || section.upstreams.contains { $0.url.isDockerHub && $0.url.prefix == nil },
            freshness: Freshness(section), isOffline: configuration.isOffline || section.isOffline,
            completesPulls: section.completeOnPull,
            pushes: PushRules(
                isOverlay: section.mode == .overlay, refusalStatus: section.writeRefusalStatus,
                allowsMissingReferences: section.allowsMissingReferences))
    }

    private func client(_ section: UpstreamSection) throws -> RegistryClient {
        let url = section.url
        guard let endpoint = UpstreamEndpoint(url) else { throw UnusableUpstream(url: url) }
        return RegistryClient(
            endpoint: endpoint,
            credentials: section.credentials.map {
                RegistryCredentials(username: $0.username, password: $0.password.reveal())
            },
            credentialSource: source(section, endpoint),
            settings: RegistryClientSettings(
                authorityBundle: section.serverCABundle, clientCertificate: section.clientCertificate?.certificate,
                clientPrivateKey: section.clientCertificate?.privateKey,
                connectTimeout: section.connectTimeout.duration, stallTimeout: section.stallTimeout.duration,
                maxRedirects: section.maxRedirect, maxManifestSize: configuration.server.maxManifestSize.bytes),
            curl: curl, tokens: tokens, userAgent: "entrepot/\(entrepotVersion)",
            budget: budgets.budget(name: endpoint.name, account: section.account),
            gate: gates.gate(UpstreamGates.Key(name: endpoint.name, account: section.account)), logger: logger)
    }
}

extension UpstreamBuilder {
    /// Where credentials come from that can change while the server runs.
    private func source(_ section: UpstreamSection, _ endpoint: UpstreamEndpoint) -> (any CredentialSource)? {
        if let program = section.credentialHelper {
            return CredentialHelper(program: program, server: "\(section.url.scheme)://\(endpoint.name)")
        }
        guard let credentials = section.credentials, case .file(let path) = credentials.source else { return nil }
        return FileCredentials(username: credentials.username, path: path, password: credentials.password.reveal())
    }
}

extension Freshness {
    init(_ section: RepositorySection) {
        let settings = section.freshness
        self.init(
            tagTTL: section.tagTTL.milliseconds / 1000,
            staleWhileRevalidate: settings.staleWhileRevalidate.milliseconds / 1000,
            staleIfError: settings.staleIfError.map { $0.milliseconds / 1000 },
            negativeTTL: settings.negativeTTL.milliseconds / 1000, servesOnDenied: settings.serveOnDenied)
        if settings.immutableTags {
            let exclusions = settings.immutableTagsExclusions
            isImmutable = { tag in !exclusions.contains { $0.matches(tag.value) } }
        }
    }
}

extension UpstreamLimits {
    init(_ section: ResilienceSection) {
        self.init(
            headerTimeout: section.headerTimeout.duration, hedgeDelay: section.hedgeDelay.duration,
            breakerFailures: section.breakerFailures, breakerPause: section.breakerPause.duration)
    }
}

/// The configuration takes URLs of more kinds than the client does.
struct UnusableUpstream: Error, CustomStringConvertible {
    let url: UpstreamURL

    var description: String { "the upstream \(url) cannot be reached: its host is neither a name nor an address" }
}
