import Janitor
import OCI
import Registry
import Retention

extension CacheLimits {
    static func test(
        maxSize: Int64? = nil, maxAge: Int64? = nil, minFree: Int64? = nil, highWatermark: Int = 95,
        lowWatermark: Int = 85, pinnedDigests: Set<Digest> = [],
        isPinned: @escaping @Sendable (RepositoryName, Tag) -> Bool = { _, _ in false }
    ) -> CacheLimits {
        CacheLimits(
            maxSize: maxSize, maxAge: maxAge, minFree: minFree, highWatermark: highWatermark,
            lowWatermark: lowWatermark, pinnedDigests: pinnedDigests, isPinned: isPinned)
    }
}

extension JanitorSettings {
    static func test(
        _ namespaces: Namespaces, cache: CacheLimits = .test(), caches: [RepositoryName: CacheLimits] = [:],
        retention: RetentionPolicy = RetentionPolicy(), grace: Int64 = 86_400
    ) -> JanitorSettings {
        JanitorSettings(
            namespaces: namespaces, cache: cache, caches: caches, retention: retention, interval: .seconds(3600),
            scrubInterval: nil, scrubRate: 50 << 20, grace: grace)
    }
}
