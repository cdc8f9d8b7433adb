import Access
import OCI
import Observability
import Retention

/// From the merged tree of settings to `Configuration`.
///
/// Each section reads its keys, reports what is wrong and goes on with defaults; the loader throws the result away if
/// there were problems.
struct ConfigurationDecoder {
    private static let mostProxies = 1000

    let environment: [String: String]
    let problems: ProblemCollector
    /// Whether no file defines a repository.
    let hasEmbeddedRepositories: Bool

    func configuration(from node: SettingNode) -> Configuration {
        let root = TableReader(.root, node, path: [], problems: problems)
        let repositories = self.repositories(root)
        let server = self.server(root, repositories: repositories)
        let identities = self.identities(root)
        let global = root.table("global", as: .global)
        let accessPolicy = global.flatMap { self.accessPolicy($0, as: .globalAccessPolicy) }
        let storage = self.storage(root)
        let token = self.token(root)
        let lockStore = redis(root, "lock_store", as: .lockStore, .lockStoreRedis)
        let configuration = Configuration(
            maxConcurrentRequests: maxConcurrentRequests(root, global),
            server: server,
            storage: storage,
            lockStore: lockStore,
            cacheStore: redis(root, "cache_store", as: .cacheStore, .cacheStoreRedis),
            cluster: cluster(
                root, storage, isLocking: root.isSet("lock_store"),
                signsAlone: !identities.isEmpty && !root.isSet("token")),
            log: log(root),
            fills: fills(root),
            uploads: uploads(root),
            cache: cache(root, as: .cache),
            janitor: janitor(root),
            resilience: resilience(root),
            observability: observability(root),
            limits: limits(root),
            notificationEndpoints: notificationEndpoints(root),
            auditSinks: auditSinks(root),
            spoolers: spoolers(root, repositories),
            seeds: seeds(root),
            admin: admin(root),
            token: token,
            isOffline: root.flag("offline", default: false),
            identities: identities,
            accessPolicy: accessPolicy,
            retentionPolicy: global.flatMap { retentionPolicy($0, as: .globalRetentionPolicy) } ?? RetentionPolicy(),
            declaredAccess: global.flatMap(declaredAccess),
            repositories: repositories)
        checkEmbeddedDefaults(root, configuration)
        return configuration
    }

    private func maxConcurrentRequests(_ root: TableReader, _ global: TableReader?) -> Int {
        let key = "max_concurrent_requests"
        if let global, let inner = global.node(key), let outer = root.node(key), inner.content != outer.content {
            global.report(key, "contradicts \(key) at the top level", "keep one of the two")
        }
        let reader = global.flatMap { $0.isSet(key) ? $0 : nil } ?? root
        return reader.integer(key, in: 1...1_000_000, default: Configuration().maxConcurrentRequests)
    }

    private func server(_ root: TableReader, repositories: [RepositorySection]) -> ServerSection {
        let standard = ServerSection()
        guard let reader = root.table("server", as: .server) else { return standard }
        return ServerSection(
            bindAddress: bindAddress(reader) ?? standard.bindAddress,
            port: reader.integer("port", in: 0...65535, default: standard.port),
            queryTimeout: reader.duration("query_timeout", default: standard.queryTimeout),
            queryTimeoutGracePeriod: reader.duration(
                "query_timeout_grace_period", least: .seconds(0), default: standard.queryTimeoutGracePeriod),
            streamingChunkSize: reader.size(
                "streaming_chunk_size", in: .mebibytes(5)...(.gibibytes(1)), default: standard.streamingChunkSize),
            defaultRepository: defaultRepository(reader, repositories: repositories),
            maxConnections: reader.integer("max_connections", in: 1...1_000_000, default: standard.maxConnections),
            trustedProxies: trustedProxies(reader),
            proxyProtocol: proxyProtocol(reader),
            maxHeaderSize: reader.size(
                "max_header_size", in: .kibibytes(1)...(.mebibytes(1)), default: standard.maxHeaderSize),
            maxManifestSize: reader.size(
                "max_manifest_size", in: .kibibytes(1)...(.mebibytes(64)), default: standard.maxManifestSize),
            maxManifestMemory: reader.size(
                "max_manifest_memory", in: .mebibytes(1)...(.gibibytes(1 << 10)), default: standard.maxManifestMemory),
            maxBlobSize: reader.size(
                "max_blob_size", in: .kibibytes(1)...(.gibibytes(1 << 20)), default: standard.maxBlobSize),
            handshakeTimeout: reader.duration("handshake_timeout", default: standard.handshakeTimeout),
            headerTimeout: reader.duration("header_timeout", default: standard.headerTimeout),
            idleTimeout: reader.duration("idle_timeout", default: standard.idleTimeout),
            stallTimeout: reader.duration("stall_timeout", default: standard.stallTimeout),
            shutdownDelay: reader.duration("shutdown_delay", least: .seconds(0), default: standard.shutdownDelay),
            shutdownGracePeriod: reader.duration(
                "shutdown_grace_period", least: .seconds(0), default: standard.shutdownGracePeriod),
            tls: reader.table("tls", as: .serverTLS).flatMap(serverTLS))
    }

    private func bindAddress(_ reader: TableReader) -> BindAddress? {
        guard let text = reader.text("bind_address") else { return nil }
        if let address = BindAddress(text) { return address }
        reader.report(
            "bind_address", "'\(text)' is not an address",
            "write an IPv4 or IPv6 address without port or brackets, or a host name; the port has its own key")
        return nil
    }

    private func trustedProxies(_ reader: TableReader) -> [ClientAddressBlock] {
        addressBlocks("trusted_proxies", reader)
    }

    func addressBlocks(_ key: String, _ reader: TableReader) -> [ClientAddressBlock] {
        let entries = reader.texts(key)
        if entries.count > Self.mostProxies { reader.report(key, "are too many", "name at most \(Self.mostProxies)") }
        return entries.compactMap { index, text in
            if let block = ClientAddressBlock(text) { return block }
            problems.report(
                reader.path + [.key(key), .index(index)], at: reader.node(key)?.origin ?? reader.origin,
                "'\(text)' is neither an address nor a block of addresses",
                "write addresses like \"192.0.2.1\", or blocks like \"10.0.0.0/8\" and \"2001:db8::/32\"")
            return nil
        }
    }

    private func proxyProtocol(_ reader: TableReader) -> Bool {
        let isOn = reader.flag("proxy_protocol", default: false)
        if isOn, reader.texts("trusted_proxies").isEmpty {
            reader.report(
                "proxy_protocol", "has no effect without trusted_proxies",
                "name in trusted_proxies the proxies whose connections begin with its header")
        }
        return isOn
    }

    private func defaultRepository(_ reader: TableReader, repositories: [RepositorySection]) -> RepositoryName? {
        let key = "default_repository"
        guard let text = reader.text(key) else { return nil }
        if let section = repositories.first(where: { $0.name.value == text }) { return section.name }
        let names = repositories.map(\.name.value)
        let remedy =
            Suggestion.closest(to: text, among: names).map { "did you mean \"\($0)\"?" }
            ?? "name one of the repositories: \(names.joined(separator: ", "))"
        reader.report(key, "there is no repository '\(text)'", remedy)
        return nil
    }

    private func serverTLS(_ reader: TableReader) -> ServerTLSSection? {
        let certificate = reader.requiredFile("server_certificate_bundle")
        let key = reader.requiredFile("server_private_key")
        let caBundle = reader.file("client_ca_bundle")
        if reader.isSet("client_auth"), !reader.isSet("client_ca_bundle") {
            reader.report(
                "client_auth", "has no effect without client_ca_bundle", "add client_ca_bundle or remove client_auth")
        }
        let authentication = reader.choice("client_auth", default: ServerTLSSection.ClientAuthentication.optional)
        guard let certificate, let key else { return nil }
        return ServerTLSSection(
            serverCertificateBundle: certificate, serverPrivateKey: key,
            clients: caBundle.map { .init(caBundle: $0, authentication: authentication) })
    }

    private func storage(_ root: TableReader) -> StorageSection {
        let standard = StorageSection.fileSystem(rootDirectory: standardRootDirectory)
        guard let reader = root.table("storage", as: .storage) else { return standard }
        let cache = reader.table("cache", as: .storageCache)
        if let bucket = reader.table("s3", as: .storageS3) {
            if reader.isSet("fs") {
                reader.report("s3", "is given beside fs", "keep one of the two: a store has one back end")
            }
            return .s3(s3(bucket, cache: cache, directory: standardRootDirectory))
        }
        if cache != nil {
            reader.report(
                "cache", "has no effect without s3", "remove it: a folder needs no other folder in front of it")
        }
        guard let fileSystem = reader.table("fs", as: .storageFS) else {
            if root.node("storage")?.table?.isEmpty == true {
                reader.report(
                    "names no back end",
                    "add [storage.fs] with root_dir or [storage.s3] with bucket, or remove [storage]")
            }
            return standard
        }
        return fileSystem.text("root_dir").map { .fileSystem(rootDirectory: $0) } ?? standard
    }

    /// `$XDG_DATA_HOME/entrepot`; the XDG base directory specification has relative values ignored.
    private var standardRootDirectory: String {
        guard let home = environment["XDG_DATA_HOME"], home.hasPrefix("/") else {
            return StorageSection.defaultRootDirectory
        }
        return home + (home.hasSuffix("/") ? "" : "/") + "entrepot"
    }

    private func log(_ root: TableReader) -> LogSection {
        let standard = LogSection()
        guard let reader = root.table("log", as: .log) else { return standard }
        return LogSection(
            level: reader.choice("level", default: standard.level), levels: logLevels(reader),
            format: reader.choice("format", default: standard.format),
            output: reader.choice("output", default: standard.output),
            slowRequest: reader.duration("slow_request", least: .seconds(0), default: standard.slowRequest))
    }

    private func logLevels(_ log: TableReader) -> [LogComponent: LogSection.Level] {
        guard let reader = log.table("levels", as: .logLevels) else { return [:] }
        var levels: [LogComponent: LogSection.Level] = [:]
        for component in LogComponent.allCases where reader.isSet(component.rawValue) {
            levels[component] = reader.choice(component.rawValue, default: LogSection.Level.info)
        }
        return levels
    }

    private func fills(_ root: TableReader) -> FillsSection {
        let standard = FillsSection()
        guard let reader = root.table("fills", as: .fills) else { return standard }
        return FillsSection(
            maxOrphans: reader.integer("max_orphans", in: 0...100_000, default: standard.maxOrphans),
            maxConcurrent: reader.integer("max_concurrent", in: 1...100_000, default: standard.maxConcurrent))
    }

    private func uploads(_ root: TableReader) -> UploadsSection {
        let standard = UploadsSection()
        guard let reader = root.table("uploads", as: .uploads) else { return standard }
        return UploadsSection(expiry: reader.duration("expiry", least: .seconds(60), default: standard.expiry))
    }
}
