import Configuration

/// `hosts.toml` below `certs.d`, and the older tables of `config.toml`.
extension RuntimeFiles {
    private static let standardFolder = "/etc/containerd/certs.d"

    var containerd: [Finding] {
        let path = "\(root)/etc/containerd/config.toml"
        var folders = [Self.standardFolder]
        var found: [Finding] = []
        var isTold = true
        if exists(path) {
            switch table(path) {
            case .failure(let error): found.append(error.finding)
            case .success(let configuration):
                let registries = (configuration["plugins"]?.table ?? [:]).sorted { $0.key < $1.key }
                    .compactMap { $0.value.table?["registry"]?.table }
                let told = registries.compactMap { $0["config_path"]?.string }.flatMap { $0.split(separator: ":") }
                isTold = !told.isEmpty
                if isTold { folders = told.map(String.init) }
                found += registries.flatMap { endpoints($0["mirrors"]?.table ?? [:], in: path) }
            }
        }
        let hosts = folders.flatMap { folder in
            names(root + folder).flatMap { name -> [Finding] in
                let file = "\(root)\(folder)/\(name)/hosts.toml"
                return exists(file) ? self.hosts(file, registry(folder: name)) : []
            }
        }
        if !isTold, !hosts.isEmpty {
            found.append(
                Finding(
                    .warning, .runtimes, path,
                    "names no config_path: Kubernetes' pulls pass \(Self.standardFolder) over",
                    remedy: "set config_path = \"\(Self.standardFolder)\" in the registry table of its CRI plugin"))
        }
        return found + hosts
    }

    /// Nil for all that have no folder of their own.
    private func registry(folder name: String) -> String? {
        guard name != "_default" else { return nil }
        // Where a file system knows no colon: `host_5000_`.
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[2].isEmpty ? "\(parts[0]):\(parts[1])" : name
    }

    private func hosts(_ file: String, _ registry: String?) -> [Finding] {
        let table: [String: SettingNode]
        switch self.table(file) {
        case .failure(let error): return [error.finding]
        case .success(let found): table = found
        }
        let hosts = (table["host"]?.table ?? [:]).sorted { ($0.value.line ?? 0, $0.key) < ($1.value.line ?? 0, $1.key) }
        var uses = hosts.map { (text: $0.key, settings: $0.value.table ?? [:]) }
        // Asked last, and alone where there is no host.
        if let server = table["server"]?.string { uses.append((text: server, settings: [:])) }
        let found = uses.flatMap { judge(file, registry, $0.text, $0.settings) }
        if found.isEmpty, !uses.isEmpty {
            return [Finding(.note, .runtimes, file, "leads elsewhere: \(uses.map(\.text).joined(separator: ", "))")]
        }
        return found
    }

    /// Nothing of what leads elsewhere.
    private func judge(
        _ file: String, _ registry: String?, _ text: String, _ settings: [String: SettingNode]
    ) -> [Finding] {
        guard let place = RuntimePlace(text), server.isAt(place.url) else { return [] }
        var found = [schemeFinding(file, text, place)].compactMap { $0 }
        let capabilities = settings["capabilities"]?.array?.compactMap(\.string)
        for needed in ["pull", "resolve"] where capabilities.map({ !$0.contains(needed) }) ?? false {
            found.append(
                Finding(
                    .warning, .runtimes, file,
                    "does not let \(text) \(needed == "pull" ? "give content" : "say what tags mean")",
                    remedy: "write capabilities = [\"pull\", \"resolve\"]"))
        }
        let isOverridden = settings["override_path"]?.boolean ?? false
        if isOverridden, !place.path.hasPrefix("/v2") {
            found.append(
                Finding(
                    .failure, .runtimes, file, "override_path makes it ask \(text), where nothing is",
                    remedy: "take override_path away, or let the path begin with /v2"))
        } else if !isOverridden, !["", "/", "/v2", "/v2/"].contains(place.path) {
            found.append(
                Finding(
                    .failure, .runtimes, file, "asks below \(text)/v2, where nothing is",
                    remedy: "take the path away: containerd says by itself which registry it is after"))
        }
        if settings["skip_verify"]?.boolean == true, place.url.scheme == .https {
            found.append(
                Finding(
                    .warning, .runtimes, file, "takes whatever certificate \(text) shows",
                    remedy: "name the authority with ca, and take skip_verify away"))
        }
        if let registry, let reason = server.whyNot(registry) {
            found.append(
                Finding(.failure, .runtimes, file, reason, remedy: MirrorServer.remedyOfShare(registry)))
        }
        if found.isEmpty {
            found.append(Finding(.ok, .runtimes, file, "leads here for \(registry ?? "all registries")"))
        }
        return found
    }

    /// `[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]`
    private func endpoints(_ mirrors: [String: SettingNode], in file: String) -> [Finding] {
        mirrors.sorted { $0.key < $1.key }.flatMap { name, mirror in
            (mirror.table?["endpoint"]?.array ?? []).compactMap(\.string).flatMap { text -> [Finding] in
                let found = judge(file, name == "*" ? nil : name, text, [:])
                return found.isEmpty ? [Finding(.note, .runtimes, file, "leads elsewhere for \(name): \(text)")] : found
            }
        }
    }

    func schemeFinding(_ file: String, _ text: String, _ place: RuntimePlace) -> Finding? {
        guard (place.url.scheme == .https) != server.usesTLS else { return nil }
        return Finding(
            .failure, .runtimes, file,
            "\(text) is asked with \(place.url.scheme.rawValue), and this server speaks \(server.scheme)",
            remedy: "write \(server.scheme):// there, or change [server.tls]")
    }
}
