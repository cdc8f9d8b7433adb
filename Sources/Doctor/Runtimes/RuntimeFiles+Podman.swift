import Configuration

/// `registries.conf` of podman, buildah, skopeo and CRI-O (containers-registries.conf(5)).
extension RuntimeFiles {
    var podman: [Finding] {
        let folder = "\(root)/etc/containers/registries.conf.d"
        let files =
            ["\(root)/etc/containers/registries.conf"]
            + names(folder).filter { $0.hasSuffix(".conf") }.map { "\(folder)/\($0)" }
        return files.filter(exists).flatMap { file -> [Finding] in
            switch table(file) {
            case .failure(let error): return [error.finding]
            case .success(let table):
                return (table["registry"]?.array ?? []).compactMap(\.table).flatMap { registry(file, $0) }
            }
        }
    }

    private func registry(_ file: String, _ table: [String: SettingNode]) -> [Finding] {
        let location = table["location"]?.string
        guard let prefix = table["prefix"]?.string ?? location else { return [] }
        let mirrors = (table["mirror"]?.array ?? []).compactMap(\.table)
        var places = mirrors
        // Else it is the registry itself.
        if location != nil, location != prefix { places.append(table) }
        guard !places.isEmpty else { return [] }
        if table["blocked"]?.boolean == true {
            return [
                Finding(
                    .warning, .runtimes, file, "blocks \(prefix), so that its mirrors are not asked either",
                    remedy: "take blocked = true away")
            ]
        }
        let found = places.flatMap { judge(file, prefix, $0) }
        guard found.isEmpty else { return found }
        let others = places.compactMap { $0["location"]?.string }.joined(separator: ", ")
        return [Finding(.note, .runtimes, file, "leads elsewhere for \(prefix): \(others)")]
    }

    /// Nothing of what leads elsewhere.
    private func judge(_ file: String, _ prefix: String, _ settings: [String: SettingNode]) -> [Finding] {
        // It has no scheme: with `insecure` both are tried.
        guard let location = settings["location"]?.string, let secure = RuntimePlace("https://\(location)"),
            let plain = RuntimePlace("http://\(location)"), server.isAt(secure.url) || server.isAt(plain.url)
        else { return [] }
        var found: [Finding] = []
        let isInsecure = settings["insecure"]?.boolean ?? false
        if !server.usesTLS, !isInsecure {
            found.append(
                Finding(
                    .failure, .runtimes, file, "\(location) is asked with https, and this server speaks http",
                    remedy: "add insecure = true beside that location, or give the server [server.tls]"))
        } else if server.usesTLS, isInsecure {
            found.append(
                Finding(
                    .warning, .runtimes, file, "takes whatever certificate \(location) shows",
                    remedy: "put the authority into /etc/containers/certs.d, and take insecure away"))
        }
        if settings["pull-from-mirror"]?.string == "digest-only" {
            found.append(
                Finding(
                    .note, .runtimes, file, "asks \(location) for digests alone, and the registry itself for tags",
                    remedy: "take pull-from-mirror away"))
        }
        found += path(file, prefix, location, String(secure.path.dropFirst()))
        if found.isEmpty { found.append(Finding(.ok, .runtimes, file, "leads here for \(prefix)")) }
        return found
    }

    /// Here the registry is told by the path alone.
    private func path(_ file: String, _ prefix: String, _ location: String, _ path: String) -> [Finding] {
        let host = prefix.hasPrefix("*.") ? nil : prefix.split(separator: "/").first.map(String.init)
        let share = server.shares.first { path == $0.key || path.hasPrefix("\($0.key)/") }
        guard let share else {
            if path.isEmpty, server.takesBareNames { return [] }
            let wanted = server.shares.first { $0.registry == host }?.key
            return [
                Finding(
                    .failure, .runtimes, file, "\(location) names no namespace of this server",
                    remedy: wanted.map { "write the namespace after the host: \(location)/\($0)" }
                        ?? MirrorServer.remedyOfShare(host ?? prefix))
            ]
        }
        guard let registry = share.registry, let host, registry != host else { return [] }
        return [
            Finding(
                .failure, .runtimes, file, "asks for images of \(host) where those of \(registry) are",
                remedy: "write the namespace of \(host) after this server's address")
        ]
    }
}
