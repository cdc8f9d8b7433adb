import Access
import Events
import OCI
import Observability
import Retention

extension Configuration {
    /// The effective configuration as TOML: every key with its value, defaults included.
    ///
    /// It loads back to an equal configuration, but for passwords that stand in a file themselves: those are shown as a
    /// comment that says `(secret)`.
    public func toml() -> String {
        var writer = TOMLWriter()
        writer.value("max_concurrent_requests", maxConcurrentRequests)
        writer.value("offline", isOffline)
        writer.table("global")
        if declaredAccess == nil { writer.comment("default_access = \"\(defaultAccess.rawValue)\", as it is not said") }
        writer.value("default_access", declaredAccess?.rawValue)
        accessPolicy?.write(to: &writer, "global")
        retentionPolicy.write(to: &writer, "global")
        server.write(to: &writer)
        storage.write(to: &writer)
        lockStore?.write(to: &writer, "lock_store")
        cacheStore?.write(to: &writer, "cache_store")
        cluster?.write(to: &writer)
        writer.table("log")
        writer.value("level", log.level.rawValue)
        writer.value("format", log.format.rawValue)
        writer.value("output", log.output.rawValue)
        writer.value("slow_request", log.slowRequest.description)
        if !log.levels.isEmpty {
            writer.table("log", "levels")
            for component in LogComponent.allCases {
                writer.value(component.rawValue, log.levels[component]?.rawValue)
            }
        }
        writer.table("observability")
        writer.value("listen", observability.listen?.description)
        if let tracing = observability.tracing {
            writer.table("observability", "tracing")
            let endpoint = tracing.endpoint.prefix { $0 != "?" }
            writer.value("endpoint", String(endpoint))
            if endpoint.count < tracing.endpoint.count { writer.comment("the query of endpoint is (secret)") }
            writer.value("sampling_rate", tracing.samplingRate)
            writer.value("headers_file", tracing.headersFile)
            writer.value("ca_bundle", tracing.caBundle)
        }
        writer.table("fills")
        writer.value("max_orphans", fills.maxOrphans)
        writer.value("max_concurrent", fills.maxConcurrent)
        writer.table("uploads")
        writer.value("expiry", uploads.expiry.description)
        cache.write(to: &writer, "cache")
        writer.table("janitor")
        writer.value("interval", janitor.interval.description)
        writer.value("grace", janitor.grace.description)
        writer.table("janitor", "eviction")
        writer.value("interval", janitor.evictionInterval?.description)
        writer.table("janitor", "collection")
        writer.value("interval", janitor.collectionInterval?.description)
        writer.table("janitor", "retention")
        writer.value("interval", janitor.retentionInterval?.description)
        writer.table("janitor", "scrub")
        writer.value("interval", janitor.scrubInterval?.description)
        writer.value("rate", janitor.scrubRate.description)
        writer.table("resilience")
        writer.value("header_timeout", resilience.headerTimeout.description)
        writer.value("hedge_delay", resilience.hedgeDelay.description)
        writer.value("breaker_failures", resilience.breakerFailures)
        writer.value("breaker_pause", resilience.breakerPause.description)
        writer.table("limits")
        writer.value("max_waiting", limits.maxWaiting)
        writer.value("wait", limits.wait.description)
        limits.address.write(to: &writer, "limits", "address")
        limits.identity.write(to: &writer, "limits", "identity")
        for endpoint in notificationEndpoints {
            writer.arrayTable("notifications", "endpoint")
            endpoint.write(to: &writer)
        }
        for sink in auditSinks {
            writer.arrayTable("audit", "sink")
            writer.value("type", sink.kind.rawValue)
            writer.value("path", sink.path)
            writer.value("max_size", sink.maxSize.description)
            writer.value("keep", sink.keep)
        }
        for spooler in spoolers {
            writer.arrayTable("spooler")
            writer.value("directory", spooler.directory)
            writer.value("repository", spooler.repository.value)
            writer.value("keep", spooler.keeps)
        }
        for seed in seeds {
            writer.arrayTable("seed")
            writer.value("list", seed.list)
            writer.value("interval", seed.interval.description)
            writer.value("platforms", seed.platforms)
            if let newest = seed.newest { writer.value("newest", newest) }
            writer.value("referrers", seed.takesReferrers)
        }
        if let admin {
            writer.table("admin")
            writer.value("token_file", admin.tokenFile)
        }
        token?.write(to: &writer)
        for identity in identities { identity.write(to: &writer) }
        for repository in repositories {
            repository.write(to: &writer)
        }
        return writer.text
    }
}

extension Secret {
    /// The address up to its host and port, and what follows.
    fileprivate var splitAddress: (origin: String, rest: String) {
        let text = reveal()
        let host = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let end = host.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        return (String(text[..<end]), String(text[end...]))
    }
}

extension NotificationEndpointSection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.value("name", name)
        let (origin, rest) = url.splitAddress
        writer.value("url", origin)
        if !rest.isEmpty { writer.comment("what follows the host in url is (secret)") }
        writer.value("format", format.rawValue)
        writer.value("actions", actions.map(\.rawValue))
        writer.value("headers_file", headersFile)
        writer.value("secret_file", secretFile)
        writer.value("ca_bundle", caBundle)
        writer.value("timeout", timeout.description)
        writer.value("max_queue", maxQueue.description)
    }
}

extension LimitsSection.Share {
    /// - Parameter path: Of its table.
    fileprivate func write(to writer: inout TOMLWriter, _ path: String...) {
        guard self != LimitsSection.Share() else { return }
        writer.table(path)
        if let requestsPerSecond { writer.value("requests_per_second", requestsPerSecond) }
        if let requestBurst { writer.value("request_burst", requestBurst) }
        writer.value("bytes_per_second", bytesPerSecond?.description)
        writer.value("byte_burst", byteBurst?.description)
    }
}

extension ServerSection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.table("server")
        writer.value("bind_address", bindAddress.host)
        writer.value("port", port)
        writer.value("query_timeout", queryTimeout.description)
        writer.value("query_timeout_grace_period", queryTimeoutGracePeriod.description)
        writer.value("streaming_chunk_size", streamingChunkSize.description)
        writer.value("default_repository", defaultRepository?.value)
        writer.value("trusted_proxies", trustedProxies.map(\.description))
        writer.value("proxy_protocol", proxyProtocol)
        writer.value("max_connections", maxConnections)
        writer.value("max_header_size", maxHeaderSize.description)
        writer.value("max_manifest_size", maxManifestSize.description)
        writer.value("max_manifest_memory", maxManifestMemory.description)
        writer.value("max_blob_size", maxBlobSize.description)
        writer.value("handshake_timeout", handshakeTimeout.description)
        writer.value("header_timeout", headerTimeout.description)
        writer.value("idle_timeout", idleTimeout.description)
        writer.value("stall_timeout", stallTimeout.description)
        writer.value("shutdown_delay", shutdownDelay.description)
        writer.value("shutdown_grace_period", shutdownGracePeriod.description)
        guard let tls else { return }
        writer.table("server", "tls")
        writer.value("server_certificate_bundle", tls.serverCertificateBundle)
        writer.value("server_private_key", tls.serverPrivateKey)
        writer.value("client_ca_bundle", tls.clients?.caBundle)
        writer.value("client_auth", tls.clients?.authentication.rawValue)
    }
}

extension StorageSection {
    fileprivate func write(to writer: inout TOMLWriter) {
        switch self {
        case .fileSystem(let rootDirectory):
            writer.table("storage", "fs")
            writer.value("root_dir", rootDirectory)
        case .s3(let section): section.write(to: &writer)
        }
    }
}

extension S3StorageSection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.table("storage", "s3")
        writer.value("endpoint", endpoint?.description)
        writer.value("bucket", bucket)
        writer.value("region", region)
        if !keyPrefix.isEmpty { writer.value("key_prefix", keyPrefix) }
        writer.value("access_key_id", keys?.accessKeyID)
        switch keys?.source {
        case .inline: writer.comment("secret_key = \"(secret)\"")
        case .file(let path): writer.value("secret_key_file", path)
        case nil: break
        }
        if keys?.sessionToken != nil { writer.comment("session_token = \"(secret)\"") }
        writer.value("path_style", usesPathStyle)
        writer.value("ca_bundle", caBundle)
        writer.value("storage_class", storageClass)
        writer.value("server_side_encryption", encryption.rawValue)
        writer.value("kms_key_id", kmsKeyID)
        writer.value("multipart_min_part_size", multipartMinPartSize.description)
        writer.value("multipart_copy_threshold", multipartCopyThreshold.description)
        writer.value("multipart_copy_chunk_size", multipartCopyChunkSize.description)
        writer.value("multipart_copy_jobs", multipartCopyJobs)
        writer.value("uniform_parts", hasUniformParts)
        writer.value("max_attempts", maxAttempts)
        writer.value("connect_timeout", connectTimeout.description)
        writer.value("stall_timeout", stallTimeout.description)
        writer.value("blob_redirect", blobRedirect.rawValue)
        if blobRedirect == .auto { writer.value("redirect_networks", redirectNetworks.map(\.description)) }
        writer.value("spool_dir", spoolDirectory)
        writer.value("spool_size", spoolSize?.description)
        if let keepsConditions { writer.value("conditional_writes", keepsConditions) }
        guard let cache else { return }
        writer.table("storage", "cache")
        writer.value("directory", cache.directory)
        writer.value("max_size", cache.maxSize.description)
        writer.value("memory_size", cache.memorySize.description)
    }
}

extension RepositorySection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.table("repository", name.value)
        writer.value("namespace", namespace?.text)
        writer.value("mode", mode.rawValue)
        writer.value("tag_ttl", tagTTL.description)
        writer.value("stale_while_revalidate", freshness.staleWhileRevalidate.description)
        writer.value("stale_if_error", freshness.staleIfError?.description)
        writer.value("immutable_tags", freshness.immutableTags)
        if freshness.immutableTags {
            writer.value("immutable_tags_exclusions", freshness.immutableTagsExclusions.map(\.text))
        }
        writer.value("negative_ttl", freshness.negativeTTL.description)
        writer.value("serve_on_denied", freshness.serveOnDenied)
        writer.value("complete_on_pull", completeOnPull)
        writer.value("offline", isOffline)
        writer.value("write_refusal_status", writeRefusalStatus)
        if let allowsMissingReferences { writer.value("allow_missing_references", allowsMissingReferences) }
        accessPolicy?.write(to: &writer, "repository", name.value)
        retentionPolicy.write(to: &writer, "repository", name.value)
        if cache != CacheSection() { cache.write(to: &writer, "repository", name.value, "cache") }
        for upstream in upstreams {
            writer.arrayTable("repository", name.value, "upstream")
            upstream.write(to: &writer)
        }
    }
}

extension RetentionPolicy {
    /// - Parameter path: Of the table that it is in.
    fileprivate func write(to writer: inout TOMLWriter, _ path: String...) {
        guard !rules.isEmpty else { return }
        writer.table(path + ["retention_policy"])
        writer.value("rules", rules.map(\.text))
    }
}

extension CacheSection {
    /// - Parameter path: Of its table.
    fileprivate func write(to writer: inout TOMLWriter, _ path: String...) {
        writer.table(path)
        writer.value("max_size", maxSize?.description)
        writer.value("max_age", maxAge?.description)
        writer.value("min_free", minFree?.description)
        writer.value("high_watermark", highWatermark)
        writer.value("low_watermark", lowWatermark)
        writer.value("pinned", pinned.map(\.text))
    }
}

extension AccessPolicy {
    /// - Parameter path: Of the table that it is in.
    fileprivate func write(to writer: inout TOMLWriter, _ path: String...) {
        writer.table(path + ["access_policy"])
        writer.value("default_allow", defaultAllow)
        writer.value("rules", rules.map(\.text))
    }
}

extension IdentitySection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.table("identity", user.id.value)
        writer.value("username", user.username.value)
        switch passwordFile {
        case nil: writer.comment("password = \"(secret)\"")
        case let path?: writer.value("password_file", path)
        }
        writer.value("groups", user.groups)
    }
}

extension UpstreamSection {
    fileprivate func write(to writer: inout TOMLWriter) {
        writer.value("url", url.description)
        writer.value("max_redirect", maxRedirect)
        writer.value("allow_private_redirects", allowsPrivateRedirects)
        writer.value("server_ca_bundle", serverCABundle)
        writer.value("client_certificate", clientCertificate?.certificate)
        writer.value("client_private_key", clientCertificate?.privateKey)
        writer.value("username", credentials?.username)
        switch credentials?.source {
        case .inline: writer.comment("password = \"(secret)\"")
        case .file(let path): writer.value("password_file", path)
        case .environment(let name): writer.value("password_env", name)
        case nil: break
        }
        writer.value("credential_helper", credentialHelper.map(UpstreamSection.helperName))
        writer.value("connect_timeout", connectTimeout.description)
        writer.value("stall_timeout", stallTimeout.description)
        if let maxConnections { writer.value("max_connections", maxConnections) }
        writer.value("max_bandwidth", maxBandwidth?.description)
    }
}
