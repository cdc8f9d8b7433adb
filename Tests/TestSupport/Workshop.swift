internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOPosix
internal import OCI
public import Registry
public import Storage
internal import Testing

/// A registry over a memory store with scripted upstreams and a clock that tests move.
public final class Workshop: Sendable {
    public let objects: MemoryStore
    public let store: RegistryStore
    public let registry: Registry
    public let upstreams: [ScriptedUpstream]
    public let namespaces: Namespaces
    public let spoolFolder: TemporaryDirectory
    private let clock: NIOLockedValueBox<Int64>

    private init(
        objects: MemoryStore, registry: Registry, upstreams: [ScriptedUpstream], namespaces: Namespaces,
        folder: TemporaryDirectory, clock: NIOLockedValueBox<Int64>
    ) {
        self.objects = objects
        store = RegistryStore(objects: objects)
        self.registry = registry
        self.upstreams = upstreams
        self.namespaces = namespaces
        spoolFolder = folder
        self.clock = clock
    }

    public var upstream: ScriptedUpstream { upstreams[0] }

    public func pass(seconds: Int64) { clock.withLockedValue { $0 += seconds } }

    /// Namespaces: `mirror` with the upstreams, `other` with the last of them alone, `local` with none.
    public func repository(_ name: String) throws -> Repository {
        try namespaces.repository(try #require(RepositoryName(name)))
    }

    public static func open<Value: Sendable>(
        upstreams count: Int = 1, limits: FillLimits = FillLimits(holdBack: 4, farDistance: 100, farRanges: 2),
        _ body: @Sendable (Workshop) async throws -> Value
    ) async throws -> Value {
        let clock = NIOLockedValueBox<Int64>(1_000_000)
        let now: @Sendable () -> Int64 = { clock.withLockedValue { $0 } }
        let objects = MemoryStore(now: now)
        let folder = try TemporaryDirectory()
        let background = BackgroundWork()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = RegistryStore(objects: objects)
        let fills = Fills(
            store: store, spool: try Spool(root: folder.path), background: background, pool: .singleton, limits: limits,
            logger: logger)
        let registry = Registry(store: store, fills: fills, background: background, logger: logger, now: now)
        let upstreams = (0..<count).map { ScriptedUpstream("upstream\($0)") }
        let namespaces = Namespaces(
            [
                Namespace(key: try #require(RepositoryName("mirror")), host: "mirror.example", upstreams: upstreams),
                Namespace(key: try #require(RepositoryName("other")), host: nil, upstreams: [upstreams[count - 1]]),
                Namespace(key: try #require(RepositoryName("local")), host: nil, upstreams: []),
            ], fallback: nil)
        let workshop = Workshop(
            objects: objects, registry: registry, upstreams: upstreams, namespaces: namespaces, folder: folder,
            clock: clock)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await background.run() }
            let value = try await body(workshop)
            group.cancelAll()
            return value
        }
    }
}
