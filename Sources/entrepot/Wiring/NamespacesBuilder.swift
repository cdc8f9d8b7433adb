import Configuration
import CurlClient
import FoundationEssentials
import Logging
import OCI
import Registry
import Upstream

/// Makes namespaces, with a client for each of their upstreams, from the configuration.
struct NamespacesBuilder {
    let configuration: Configuration
    let parts: LongLivedUpstreamParts
    /// Those of the configuration before: a client whose settings are the same goes on as it is.
    let previous: UpstreamClients

    func build() throws -> (namespaces: Namespaces, clients: UpstreamClients) {
        var clients = UpstreamClients()
        let namespaces = try configuration.repositories.map { try namespace($0, &clients) }
        return (Namespaces(namespaces, fallback: configuration.server.defaultRepository), clients)
    }

    private func namespace(_ section: RepositorySection, _ clients: inout UpstreamClients) throws -> Namespace {
        Namespace(
            key: section.name, host: section.namespace?.text,
            upstreams: try section.upstreams.map { try client($0, &clients) },
            impliesLibrary: section.impliesLibrary,
            freshness: Freshness(section), isOffline: configuration.isOffline || section.isOffline,
            completesPulls: section.completeOnPull,
            pushes: PushRules(section))
    }

    private func client(_ section: UpstreamSection, _ clients: inout UpstreamClients) throws -> UpstreamClient {
        let identity = try section.clientCertificate.map(CurlSettings.ClientIdentity.init)
        let key = UpstreamClients.Key(
            section: section, identity: identity, maxManifestSize: configuration.server.maxManifestSize)
        let client = try clients[key] ?? previous[key] ?? makeClient(section, identity)
        clients[key] = client
        return client
    }

    private func makeClient(
        _ section: UpstreamSection, _ identity: CurlSettings.ClientIdentity?
    ) throws -> UpstreamClient {
        let url = section.url
        guard let endpoint = UpstreamEndpoint(url) else { throw UnusableUpstreamError(url: url) }
        return UpstreamClient(
            endpoint: endpoint,
            credentials: section.credentials.map {
                RegistryCredentials(username: $0.username, password: $0.password.reveal())
            },
            credentialSource: source(section, endpoint),
            settings: UpstreamClientSettings(
                authorityBundle: section.serverCABundle, clientIdentity: identity,
                connectTimeout: section.connectTimeout.duration, stallTimeout: section.stallTimeout.duration,
                maxRedirects: section.maxRedirect, allowsPrivateRedirects: section.allowsPrivateRedirects,
                maxManifestSize: configuration.server.maxManifestSize.bytes),
            curl: parts.curl, tokens: parts.tokens, userAgent: "entrepot/\(entrepotVersion)",
            budget: parts.budgets.budget(name: endpoint.name, account: section.account),
            gate: parts.gates.gate(UpstreamGates.Key(name: endpoint.name, account: section.account)),
            manifestRoom: parts.manifestRoom, logger: parts.logger)
    }
}

extension NamespacesBuilder {
    /// Where credentials come from that can change while the server runs.
    private func source(_ section: UpstreamSection, _ endpoint: UpstreamEndpoint) -> (any CredentialSource)? {
        if let program = section.credentialHelper {
            return CredentialHelper(
                program: program, server: "\(section.url.scheme)://\(endpoint.name)",
                environment: HelperEnvironment.variables(
                    of: ProcessInfo.processInfo.environment, without: configuration.secretVariables))
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

extension PushRules {
    init(_ section: RepositorySection) {
        self.init(
            isOverlay: section.mode == .overlay, refusalStatus: section.writeRefusalStatus,
            missingReferences: section.allowsMissingReferences.map { $0 ? .anywhere : .none } ?? .inIndexes)
    }
}

/// The configuration takes URLs of more kinds than the client does.
struct UnusableUpstreamError: Error, CustomStringConvertible {
    let url: UpstreamURL

    var description: String { "the upstream \(url) cannot be reached: its host is neither a name nor an address" }
}

extension CurlSettings.ClientIdentity {
    /// As the files are now: another version of them is another identity, with tokens and connections of its own.
    init(_ files: UpstreamSection.ClientCertificate) throws {
        let (certificate, privateKey) = try files.read()
        self.init(certificate: .bytes(certificate), privateKey: .bytes(privateKey))
    }
}
