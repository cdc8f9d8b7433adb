import OCI
import Retention

extension ConfigurationDecoder {
    /// Sorted by name.
    func repositories(_ root: TableReader) -> [RepositorySection] {
        guard let reader = root.table("repository", as: .repositories) else { return [] }
        if reader.named.isEmpty {
            reader.report(
                "defines no repository", "add one, or remove [repository] to get the built-in mirrors")
        }
        var sections: [RepositorySection] = []
        var owners: [RegistryHost: RepositoryName] = [:]
        for (key, node) in reader.named {
            let path = reader.path + [.key(key)]
            let table = TableReader(.repository, node, path: path, problems: problems)
            guard let name = RepositoryName(key) else {
                reportName(key, table)
                // Its contents are read all the same, for their problems.
                _ = section(RepositoryName("x"), table)
                continue
            }
            guard let section = section(name, table) else { continue }
            if let host = section.namespace {
                if let owner = owners[host] {
                    table.report(
                        "namespace", "'\(host)' is claimed by repository '\(owner)' as well",
                        "give each its own namespace, or merge the two repositories")
                }
                owners[host] = name
            }
            sections.append(section)
        }
        return sections
    }

    private func section(_ name: RepositoryName?, _ table: TableReader) -> RepositorySection? {
        let namespace = namespace(table)
        let tagTTL = table.duration("tag_ttl", least: .seconds(0))
        let status = table.integer("write_refusal_status", in: 400...499)
        let allowsMissing = table.flag("allow_missing_references")
        let freshness = freshness(table)
        let completeOnPull = table.flag("complete_on_pull")
        let isOffline = table.flag("offline")
        let accessPolicy = accessPolicy(table, as: .repositoryAccessPolicy)
        let retention = retentionPolicy(table, as: .repositoryRetentionPolicy)
        if retention != nil, table.isSet("upstream") {
            table.report(
                "retention_policy", "is for what clients push, and this namespace has upstreams",
                "use [repository.\"<namespace>\".cache] for what comes from upstreams")
        }
        let cache = cache(table, as: .repositoryCache)
        let upstreams = table.tables("upstream", as: .upstream).compactMap(upstream)
        let mode = mode(table)
        return name.map { name in
            let standard = RepositorySection(name: name)
            return RepositorySection(
                name: name, namespace: namespace, mode: mode, tagTTL: tagTTL ?? standard.tagTTL, freshness: freshness,
                completeOnPull: completeOnPull ?? standard.completeOnPull, isOffline: isOffline ?? standard.isOffline,
                writeRefusalStatus: status ?? standard.writeRefusalStatus,
                allowsMissingReferences: allowsMissing, retentionPolicy: retention ?? RetentionPolicy(), cache: cache,
                accessPolicy: accessPolicy, upstreams: upstreams)
        }
    }

    private func mode(_ table: TableReader) -> RepositorySection.Mode? {
        guard table.isSet("mode") else { return nil }
        let mode = table.choice("mode", default: RepositorySection.Mode.mirror)
        let hasUpstreams = table.isSet("upstream")
        if mode == .local, hasUpstreams {
            table.report("mode", "is 'local', and there are upstreams", "write \"overlay\", or remove the upstreams")
        } else if mode != .local, !hasUpstreams {
            table.report("mode", "is '\(mode.rawValue)', and there are no upstreams", "add one, or remove mode")
        }
        return mode
    }

    private func reportName(_ key: String, _ table: TableReader) {
        let lower = key.lowercased()
        table.report(
            "is not a repository name",
            RepositoryName(lower) != nil
                ? "did you mean '\(lower)'?"
                : "use lower-case components of letters and digits with '.', '_' or '-' between them, joined by '/'; "
                    + "a host with a port goes into namespace")
    }

    private func namespace(_ table: TableReader) -> RegistryHost? {
        guard let text = table.text("namespace") else { return nil }
        if let host = RegistryHost(text) { return host }
        table.report(
            "namespace", "'\(text)' is not a registry's host",
            "write a host like \"docker.io\" or \"registry.example.com:5000\", without scheme or path")
        return nil
    }

    private func upstream(_ table: TableReader) -> UpstreamSection? {
        let url = url(table)
        let maxRedirect = table.integer("max_redirect", in: 0...255)
        let allowsPrivateRedirects = table.flag("allow_private_redirects")
        let serverCABundle = table.file("server_ca_bundle")
        let clientCertificate = clientCertificate(table)
        let credentials = credentials(table)
        let credentialHelper = credentialHelper(table)
        let connectTimeout = table.duration("connect_timeout")
        let stallTimeout = table.duration("stall_timeout")
        let maxConnections = table.integer("max_connections", in: 1...10_000)
        let maxBandwidth = table.size(
            "max_bandwidth", in: .kibibytes(64)...(.gibibytes(100)), like: .mebibytes(10))
        guard let url else { return nil }
        let standard = UpstreamSection(url: url)
        return UpstreamSection(
            url: url, maxRedirect: maxRedirect ?? standard.maxRedirect,
            allowsPrivateRedirects: allowsPrivateRedirects ?? standard.allowsPrivateRedirects,
            serverCABundle: serverCABundle, clientCertificate: clientCertificate,
            credentials: credentials, credentialHelper: credentialHelper,
            connectTimeout: connectTimeout ?? standard.connectTimeout,
            stallTimeout: stallTimeout ?? standard.stallTimeout, maxConnections: maxConnections,
            maxBandwidth: maxBandwidth)
    }

    private func url(_ table: TableReader) -> UpstreamURL? {
        guard table.requires("url"), let text = table.text("url") else { return nil }
        do throws(UpstreamURLError) {
            return try UpstreamURL(text)
        } catch {
            table.report("url", error.message, error.remedy)
            return nil
        }
    }

    private func clientCertificate(_ table: TableReader) -> UpstreamSection.ClientCertificate? {
        let certificate = table.file("client_certificate")
        let key = table.file("client_private_key")
        if table.isSet("client_certificate") != table.isSet("client_private_key") {
            let (given, missing) =
                table.isSet("client_certificate")
                ? ("client_certificate", "client_private_key") : ("client_private_key", "client_certificate")
            table.report(given, "is given without \(missing)", "add \(missing), or remove \(given)")
        }
        guard let certificate, let key else { return nil }
        return UpstreamSection.ClientCertificate(certificate: certificate, privateKey: key)
    }
}
