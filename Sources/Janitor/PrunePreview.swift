internal import Logging
internal import OCI
public import Registry
public import Storage

/// What eviction and collection would do now. Reads, and changes nothing.
public struct PrunePreview: Sendable, Encodable {
    /// Names of numbers, and the numbers; nil where there are no limits.
    public var eviction: [String: Int64]?
    public var collection: [String: Int64]

    /// - Parameters:
    ///   - free: Bytes that the file system has left; nil if nobody knows.
    ///   - now: Seconds since 1970.
    public static func of(
        _ store: RegistryStore, _ registry: Registry, _ settings: JanitorSettings, free: Int64?, now: Int64
    ) async throws -> PrunePreview {
        let logger = Logger(label: "entrepot") { _ in SwiftLogNoOpLogHandler() }
        var collection = Collection(
            store: store, registry: registry, settings: settings, isDry: true, logger: logger, now: now)
        try await collection.run()
        var preview = PrunePreview(collection: collection.counts)
        guard !settings.isUnlimited else { return preview }
        let eviction = Eviction(
            store: store, registry: registry, settings: settings, logger: logger, now: now, free: free, needed: nil,
            pacer: .hurried, isDry: true)
        preview.eviction = try await eviction.run().counts
        return preview
    }
}
