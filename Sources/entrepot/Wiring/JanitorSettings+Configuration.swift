import Configuration
import Janitor
import Registry

extension JanitorSettings {
    init(_ configuration: Configuration, _ namespaces: Namespaces) {
        self.init(
            namespaces: namespaces, cache: CacheLimits(configuration.cache),
            caches: Dictionary(
                configuration.repositories.map { ($0.name, CacheLimits($0.cache)) },
                uniquingKeysWith: { first, _ in first }),
            retention: configuration.retentionPolicy,
            retentions: Dictionary(
                configuration.repositories.map { ($0.name, $0.retentionPolicy) },
                uniquingKeysWith: { first, _ in first }),
            interval: configuration.janitor.interval.duration,
            intervals: [
                .eviction: configuration.janitor.evictionInterval,
                .collection: configuration.janitor.collectionInterval,
                .retention: configuration.janitor.retentionInterval,
            ].compactMapValues { $0?.duration },
            scrubInterval: configuration.janitor.scrubInterval?.duration,
            scrubRate: Int64(configuration.janitor.scrubRate.bytes),
            grace: configuration.janitor.grace.milliseconds / 1000)
    }
}

extension CacheLimits {
    init(_ section: CacheSection) {
        let patterns = section.pinned.filter { $0.digest == nil }
        self.init(
            maxSize: section.maxSize.map { Int64($0.bytes) }, maxAge: section.maxAge.map { $0.milliseconds / 1000 },
            minFree: section.minFree.map { Int64($0.bytes) }, highWatermark: section.highWatermark,
            lowWatermark: section.lowWatermark, pinnedDigests: Set(section.pinned.compactMap(\.digest)),
            isPinned: { repository, tag in patterns.contains { $0.matches(repository, tag) } })
    }
}
