extension RedisSection {
    /// - Parameter store: `lock_store` or `cache_store`.
    func write(to writer: inout TOMLWriter, _ store: String) {
        writer.table(store, "redis")
        writer.value("url", url?.description)
        if url?.password != nil { writer.comment("the password in url is (secret)") }
        if case .sentinels(let sentinels, let master, _) = location {
            writer.value("sentinels", sentinels.map(\.description))
            writer.value("master", master)
        }
        writer.value("password_file", passwordFile)
        writer.value("key_prefix", keyPrefix)
        if store == "lock_store" { writer.value("ttl", ttl.description) }
        writer.value("connect_timeout", connectTimeout.description)
        writer.value("timeout", timeout.description)
        writer.value("connections", connections)
    }
}

extension ClusterSection {
    func write(to writer: inout TOMLWriter) {
        writer.table("cluster")
        writer.value("advertise_url", advertiseURL?.description)
        writer.value("secret_file", secretFile)
        writer.value("ca_bundle", caBundle)
    }
}
