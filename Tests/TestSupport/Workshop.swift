internal import Logging
internal import NIOConcurrencyHelpers
internal import OCI
public import Registry
public import Storage
internal import Testing
import Threads
public import Upstream

/// A registry over a memory store with scripted upstreams and a clock that tests move.
public final class Workshop: Sendable {
    public let objects: MemoryStore
    public let store: RegistryStore
    public let registry: Registry
    public let fills: Fills
    public let spool: Spool
    public let upstreams: [ScriptedUpstream]
    public let namespaces: Namespaces
    public let spoolFolder: TemporaryDirectory
    /// Stand still until the test moves them.
    public let timers: ManualTimers
    public let health: UpstreamHealth
    /// Another server on the same store: it shares no memory with the first.
    public let secondRegistry: Registry
    private let clock: NIOLockedValueBox<Int64>

    private init(
        objects: MemoryStore, registry: Registry, fills: Fills, spool: Spool, secondRegistry: Registry,
        upstreams: [ScriptedUpstream],
        namespaces: Namespaces, folder: TemporaryDirectory, timers: ManualTimers, health: UpstreamHealth,
        clock: NIOLockedValueBox<Int64>
    ) {
        self.objects = objects
        store = RegistryStore(objects: objects)
        self.registry = registry
        self.fills = fills
        self.spool = spool
        self.secondRegistry = secondRegistry
        self.upstreams = upstreams
        self.namespaces = namespaces
        spoolFolder = folder
        self.timers = timers
        self.health = health
        self.clock = clock
    }

    public var upstream: ScriptedUpstream { upstreams[0] }

    /// Seconds since 1970, as the registry sees it.
    public var time: Int64 { clock.withLockedValue { $0 } }

    public func pass(seconds: Int64) { clock.withLockedValue { $0 += seconds } }

    /// Namespaces: `mirror` with the upstreams, `other` with the last of them alone, `local` with none; `overlay` takes
    /// pushes over the last upstream, `firm` as well but its tags are immutable, `strict` is local with immutable tags and without missing references, `sparse` is
    /// local and everything may be missing, `teapot` is a mirror that refuses writes with 418.
    public func repository(_ name: String) throws -> Repository {
        try namespaces.repository(try #require(RepositoryName(name)))
    }

    public static func open<Value: Sendable>(
        upstreams count: Int = 1, limits: FillLimits = .test(holdBack: 4, farDistance: 100, farRanges: 2),
        freshness: Freshness = .test(), isOffline: Bool = false, completesPulls: Bool = false,
        pushLimits: PushLimits = .test(), caps: UpstreamCaps? = nil,
        manifestRoom: ByteBudget = ByteBudget(limit: 16 << 20),
        _ body: @Sendable (Workshop) async throws -> Value
    ) async throws -> Value {
        let clock = NIOLockedValueBox<Int64>(1_000_000)
        let now: @Sendable () -> Int64 = { clock.withLockedValue { $0 } }
        let timers = ManualTimers()
        let objects = MemoryStore(now: now)
        let folder = try TemporaryDirectory()
        let background = BackgroundWork()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = RegistryStore(objects: objects)
        let spool = try Spool(root: folder.path)
        let fills = Fills(
            store: store, spool: spool, background: background, pool: .shared, limits: limits,
            timers: timers.timers, logger: logger)
        let health = UpstreamHealth(limits: .test(), timers: timers.timers, jitter: { 1 })
        func makeRegistry() -> Registry {
            Registry(
                store: store, fills: fills, background: background, health: health, limits: pushLimits,
                manifestRoom: manifestRoom, hotLifetime: .seconds(3600), logger: logger, now: now)
        }
        let upstreams = (0..<count).map { number in
            let gate = caps.map { UpstreamGate(name: "upstream\(number)", caps: $0, timers: timers.timers) }
            return ScriptedUpstream("upstream\(number)", gate: gate)
        }
        let namespaces = Namespaces(
            [
                .test(
                    key: try #require(RepositoryName("mirror")), host: "mirror.example", upstreams: upstreams,
                    freshness: freshness, isOffline: isOffline, completesPulls: completesPulls),
                .test(key: try #require(RepositoryName("other")), upstreams: [upstreams[count - 1]]),
                .test(key: try #require(RepositoryName("local"))),
                .test(
                    key: try #require(RepositoryName("overlay")), upstreams: [upstreams[count - 1]],
                    pushes: .test(isOverlay: true)),
                .test(
                    key: try #require(RepositoryName("firm")), upstreams: [upstreams[count - 1]],
                    freshness: .test(isImmutable: { _ in true }),
                    pushes: .test(isOverlay: true, missingReferences: .anywhere)),
                .test(
                    key: try #require(RepositoryName("strict")), freshness: .test(isImmutable: { _ in true }),
                    pushes: .test(missingReferences: .none)),
                .test(
                    key: try #require(RepositoryName("sparse")), pushes: .test(missingReferences: .anywhere)),
                .test(
                    key: try #require(RepositoryName("teapot")), upstreams: [upstreams[0]],
                    pushes: .test(refusalStatus: 418)),
            ], fallback: nil)
        let workshop = Workshop(
            objects: objects, registry: makeRegistry(), fills: fills, spool: spool, secondRegistry: makeRegistry(),
            upstreams: upstreams,
            namespaces: namespaces, folder: folder, timers: timers, health: health, clock: clock)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await background.run() }
            let value = try await body(workshop)
            group.cancelAll()
            return value
        }
    }
}
