internal import Observability

/// A table of the schema: its keys with values, and the tables directly within it.
enum ConfigurationTable: CaseIterable {
    case root, global, globalAccessPolicy, globalRetentionPolicy, server, serverTLS, storage, storageFS, storageS3,
        storageCache, lockStore, lockStoreRedis,
        cacheStore, cacheStoreRedis, cluster, log, logLevels, fills, uploads, cache,
        janitor, janitorEviction, janitorCollection, janitorRetention, janitorScrub
    case resilience
    case observability, observabilityTracing, limits, limitsAddress, limitsIdentity, notifications, notificationEndpoint
    case audit, auditSink, spooler, seed, admin, identities, identity, token, repositories, repository,
        repositoryAccessPolicy
    case repositoryRetentionPolicy, repositoryCache, upstream

    var path: String {
        switch self {
        case .root: ""
        case .global: "global"
        case .globalAccessPolicy: "global.access_policy"
        case .globalRetentionPolicy: "global.retention_policy"
        case .server: "server"
        case .serverTLS: "server.tls"
        case .storage: "storage"
        case .storageFS: "storage.fs"
        case .storageS3: "storage.s3"
        case .storageCache: "storage.cache"
        case .lockStore: "lock_store"
        case .lockStoreRedis: "lock_store.redis"
        case .cacheStore: "cache_store"
        case .cacheStoreRedis: "cache_store.redis"
        case .cluster: "cluster"
        case .log: "log"
        case .logLevels: "log.levels"
        case .observability: "observability"
        case .observabilityTracing: "observability.tracing"
        case .limits: "limits"
        case .limitsAddress: "limits.address"
        case .limitsIdentity: "limits.identity"
        case .notifications: "notifications"
        case .notificationEndpoint: "notifications.endpoint"
        case .audit: "audit"
        case .auditSink: "audit.sink"
        case .spooler: "spooler"
        case .seed: "seed"
        case .fills: "fills"
        case .uploads: "uploads"
        case .cache: "cache"
        case .janitor: "janitor"
        case .janitorEviction: "janitor.eviction"
        case .janitorCollection: "janitor.collection"
        case .janitorRetention: "janitor.retention"
        case .janitorScrub: "janitor.scrub"
        case .resilience: "resilience"
        case .admin: "admin"
        case .token: "token"
        case .identities: "identity"
        case .identity: "identity.<id>"
        case .repositories: "repository"
        case .repository: "repository.\"<namespace>\""
        case .repositoryAccessPolicy: "repository.\"<namespace>\".access_policy"
        case .repositoryRetentionPolicy: "repository.\"<namespace>\".retention_policy"
        case .repositoryCache: "repository.\"<namespace>\".cache"
        case .upstream: "repository.\"<namespace>\".upstream"
        }
    }

    var keys: [String] {
        switch self {
        case .root: ["max_concurrent_requests", "offline"]
        case .global: ["max_concurrent_requests", "default_access"]
        case .globalAccessPolicy, .repositoryAccessPolicy: ["default_allow", "rules"]
        case .globalRetentionPolicy, .repositoryRetentionPolicy: ["rules"]
        case .server:
            [
                "bind_address", "port", "query_timeout", "query_timeout_grace_period", "streaming_chunk_size",
                "default_repository", "trusted_proxies", "proxy_protocol", "max_connections", "max_header_size",
                "max_manifest_size", "max_manifest_memory",
                "max_blob_size",
                "handshake_timeout", "header_timeout", "idle_timeout", "stall_timeout", "shutdown_delay",
                "shutdown_grace_period",
            ]
        case .serverTLS: ["server_certificate_bundle", "server_private_key", "client_ca_bundle", "client_auth"]
        case .storage, .repositories, .identities, .lockStore, .cacheStore, .notifications, .audit: []
        case .identity: ["username", "password", "password_file", "groups"]
        case .storageFS: ["root_dir"]
        case .storageCache: ["directory", "max_size", "memory_size"]
        case .storageS3:
            [
                "endpoint", "bucket", "region", "key_prefix", "access_key_id", "secret_key", "secret_key_file",
                "session_token", "path_style", "ca_bundle", "storage_class", "server_side_encryption", "kms_key_id",
                "multipart_min_part_size", "multipart_copy_threshold", "multipart_copy_chunk_size",
                "multipart_copy_jobs", "uniform_parts", "max_attempts", "connect_timeout", "stall_timeout",
                "blob_redirect", "redirect_networks", "spool_dir", "spool_size", "conditional_writes",
            ]
        case .lockStoreRedis:
            [
                "url", "sentinels", "master", "password_file", "key_prefix", "ttl", "connect_timeout", "timeout",
                "connections",
            ]
        case .cacheStoreRedis:
            [
                "url", "sentinels", "master", "password_file", "key_prefix", "connect_timeout", "timeout",
                "connections",
            ]
        case .cluster: ["advertise_url", "secret_file", "ca_bundle"]
        case .log: ["level", "format", "output", "slow_request"]
        case .logLevels: LogComponent.allCases.map(\.rawValue)
        case .observability: ["listen"]
        case .observabilityTracing: ["endpoint", "sampling_rate", "headers_file", "ca_bundle"]
        case .limits: ["max_waiting", "wait"]
        case .notificationEndpoint:
            [
                "name", "url", "format", "actions", "headers_file", "secret_file", "ca_bundle", "timeout", "max_queue",
            ]
        case .auditSink: ["type", "path", "max_size", "keep"]
        case .spooler: ["directory", "repository", "keep"]
        case .seed: ["list", "interval", "platforms", "newest", "referrers"]
        case .limitsAddress, .limitsIdentity:
            ["requests_per_second", "request_burst", "bytes_per_second", "byte_burst"]
        case .fills: ["max_orphans", "max_concurrent"]
        case .uploads: ["expiry"]
        case .cache, .repositoryCache:
            ["max_size", "max_age", "min_free", "high_watermark", "low_watermark", "pinned"]
        case .janitor: ["interval", "grace"]
        case .janitorEviction, .janitorCollection, .janitorRetention: ["interval"]
        case .janitorScrub: ["interval", "rate"]
        case .resilience: ["header_timeout", "hedge_delay", "breaker_failures", "breaker_pause"]
        case .admin: ["token_file"]
        case .token:
            [
                "issuer", "key", "cert_chain", "previous_keys", "alg", "ttl", "refresh_ttl", "kid_format", "services",
                "default_service", "realm",
            ]
        case .repository:
            [
                "namespace", "mode", "tag_ttl", "stale_while_revalidate", "stale_if_error", "immutable_tags",
                "immutable_tags_exclusions", "negative_ttl", "serve_on_denied", "complete_on_pull", "offline",
                "write_refusal_status", "allow_missing_references",
            ]
        case .upstream:
            [
                "url", "max_redirect", "allow_private_redirects", "server_ca_bundle", "client_certificate",
                "client_private_key", "username",
                "password", "password_file", "password_env", "credential_helper",
                "connect_timeout", "stall_timeout", "max_connections", "max_bandwidth",
            ]
        }
    }

    /// Whether its keys are names that the operator gives, not words of the schema.
    var isNamed: Bool { self == .repositories || self == .identities }

    var tables: [String] {
        switch self {
        case .root:
            [
                "global", "server", "storage", "lock_store", "cache_store", "cluster", "log", "observability", "fills",
                "uploads", "cache", "janitor",
                "resilience", "limits", "notifications", "audit", "spooler", "seed", "admin",
                "token", "identity",
                "repository",
            ]
        case .global: ["access_policy", "retention_policy"]
        case .server: ["tls"]
        case .storage: ["fs", "s3", "cache"]
        case .lockStore, .cacheStore: ["redis"]
        case .janitor: ["eviction", "collection", "retention", "scrub"]
        case .log: ["levels"]
        case .observability: ["tracing"]
        case .limits: ["address", "identity"]
        case .notifications: ["endpoint"]
        case .audit: ["sink"]
        case .repository: ["access_policy", "retention_policy", "cache", "upstream"]
        case .globalAccessPolicy, .globalRetentionPolicy, .repositoryRetentionPolicy, .serverTLS, .storageFS,
            .storageS3, .storageCache, .lockStoreRedis, .cacheStoreRedis, .cluster, .logLevels, .limitsAddress,
            .limitsIdentity, .observabilityTracing, .notificationEndpoint,
            .auditSink, .spooler, .seed, .fills, .uploads,
            .resilience, .admin,
            .token,
            .identities, .identity, .repositories, .repositoryAccessPolicy, .cache, .janitorEviction,
            .janitorCollection, .janitorRetention, .janitorScrub,
            .repositoryCache, .upstream:
            []
        }
    }
}
