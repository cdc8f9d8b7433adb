extension ConfigurationDecoder {
    /// Bytes; fewer can be guessed.
    private static let shortestSecret = 16

    func redis(_ root: TableReader, _ store: String, as table: ConfigurationTable, _ redis: ConfigurationTable)
        -> RedisSection?
    {
        guard let reader = root.table(store, as: table) else { return nil }
        guard let reader = reader.table("redis", as: redis) else {
            reader.report("redis", "is missing", "add [\(store).redis], or remove [\(store)]")
            return nil
        }
        let url = redisURL(reader)
        let sentinels = sentinels(reader)
        guard let location = location(reader, url, sentinels) else { return nil }
        var section = RedisSection(location)
        section.passwordFile = reader.text("password_file").flatMap { path in
            if url?.password != nil {
                reader.report("password_file", "is given beside a password in url", "keep one of the two")
            }
            return secret(file: path, key: "password_file", reader).map { _ in path }
        }
        section.keyPrefix = redisKeyPrefix(reader) ?? section.keyPrefix
        if redis == .lockStoreRedis {
            section.ttl = reader.duration("ttl", least: .seconds(2), default: section.ttl)
            if section.ttl > .seconds(300) {
                reader.report(
                    "ttl", "\(section.ttl) is too long", "write at most \"5m\": so long a dead replica is waited for")
            }
        }
        section.connectTimeout = reader.duration("connect_timeout", default: section.connectTimeout)
        section.timeout = reader.duration("timeout", default: section.timeout)
        section.connections = reader.integer("connections", in: 1...64, default: section.connections)
        if redis == .lockStoreRedis, section.timeout.milliseconds * 3 > section.ttl.milliseconds {
            reader.report(
                "timeout", "\(section.timeout) is too long beside a ttl of \(section.ttl)",
                "write at most a third of ttl, or a lock is lost while one answer is waited for")
        }
        return section
    }

    private func redisURL(_ reader: TableReader) -> RedisURL? {
        guard let text = reader.text("url") else { return nil }
        do throws(RedisURLError) { return try RedisURL(text) } catch {
            reader.report("url", error.message, error.remedy)
            return nil
        }
    }

    private func sentinels(_ reader: TableReader) -> [ListenAddress] {
        reader.texts("sentinels").compactMap { _, text in
            do throws(AuthorityError) { return try ListenAddress(text) } catch {
                reader.report(
                    "sentinels", "'\(text)' is not an address with a port: \(error.message)",
                    "write them as [\"10.0.0.1:26379\"]")
                return nil
            }
        }
    }

    private func location(
        _ reader: TableReader, _ url: RedisURL?, _ sentinels: [ListenAddress]
    ) -> RedisSection.Location? {
        guard reader.isSet("sentinels") || reader.isSet("master") else {
            guard reader.isSet("url") else {
                reader.report("url", "is missing", "add url, or sentinels and master")
                return nil
            }
            return url.map { .server($0) }
        }
        guard let master = reader.text("master"), !sentinels.isEmpty else {
            reader.report("sentinels", "and master go together", "give both, or url alone")
            return nil
        }
        guard let url else { return reader.isSet("url") ? nil : .sentinels(sentinels, master: master, nil) }
        guard case .server(let host, RedisURL.standardPort) = url.place, host == master.lowercased() else {
            reader.report(
                "url", "has another host than the master that the sentinels are asked for",
                "write it like redis://user@\(master)/0; who is master is asked of the sentinels")
            return nil
        }
        return .sentinels(sentinels, master: master, url)
    }

    private func redisKeyPrefix(_ reader: TableReader) -> String? {
        guard let text = reader.text("key_prefix") else { return nil }
        guard text.utf8.count <= 128, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.report("key_prefix", "is no prefix of keys", "write at most 128 printable ASCII characters")
            return nil
        }
        return text
    }

    func cluster(_ root: TableReader, _ storage: StorageSection, isLocking: Bool, signsAlone: Bool) -> ClusterSection? {
        guard let reader = root.table("cluster", as: .cluster) else { return nil }
        if !isLocking {
            reader.report("has no effect without [lock_store.redis]", "add that, or remove [cluster]")
        }
        if signsAlone, storage.isBucket {
            reader.report(
                "would have every replica sign tokens with a key of its own, which the others refuse",
                "add [token] with a key that all replicas have, made by 'entrepot token keygen'")
        }
        guard reader.requires("secret_file"), let path = reader.text("secret_file"),
            let secret = secret(file: path, key: "secret_file", reader)
        else { return nil }
        if secret.reveal().utf8.count < Self.shortestSecret {
            reader.report(
                "secret_file", "holds fewer than \(Self.shortestSecret) bytes",
                "write a random secret into it, such as 'openssl rand -hex 32' prints")
        }
        return ClusterSection(
            advertiseURL: advertiseURL(reader), secret: secret, secretFile: path, caBundle: reader.file("ca_bundle"))
    }

    private func advertiseURL(_ reader: TableReader) -> UpstreamURL? {
        guard let text = reader.text("advertise_url") else { return nil }
        do throws(UpstreamURLError) {
            let url = try UpstreamURL(text)
            guard url.prefix == nil else {
                reader.report("advertise_url", "has a path", "write scheme, host and port")
                return nil
            }
            return url
        } catch {
            reader.report("advertise_url", error.message, error.remedy)
            return nil
        }
    }
}
