import Coordination
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing

@testable import Janitor
@testable import Registry
@testable import Storage

/// Jobs beside each other, and beside other replicas.
@Suite(.timeLimit(.minutes(1))) struct JanitorServiceTests {
    private static func janitor(
        _ shop: Workshop, limits: CacheLimits = .test(), coordination: (any Coordination)? = nil
    ) -> Janitor {
        Janitor(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: .test(shop.namespaces, cache: limits, grace: 0), freeBytes: { nil },
            coordination: coordination, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { shop.time })
    }

    private static func whileRunning<Value: Sendable>(
        _ janitor: Janitor, _ body: () async throws -> Value
    ) async throws -> Value {
        janitor.pause(true)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await janitor.run() }
            let value = try await body()
            group.cancelAll()
            return value
        }
    }

    /// A blob to which nothing refers.
    private static func orphan(_ shop: Workshop) async throws -> Digest {
        let content = ByteBuffer(repeating: 1, count: 100)
        let digest = Digest(hashing: content)
        try await shop.objects.write(RegistryLayout.blob(digest), content, .cached)
        return digest
    }

    @Test func whatMakesRoomDoesNotWaitForARoundOfCollection() async throws {
        try await Workshop.open { shop in
            _ = try await Self.orphan(shop)
            let image = shop.upstream.hold(ByteBuffer(repeating: 2, count: 100))
            _ = try await shop.registry.blob(try shop.repository("mirror/x"), image, range: nil).content.collected()
            shop.pass(seconds: 100)
            let (gate, opening) = AsyncStream<Void>.makeStream()
            let isHeld = NIOLockedValueBox(false)
            shop.objects.beforeWriting { key async throws(StorageError) in
                guard key.path.contains("/condemned/") else { return }
                isHeld.withLockedValue { $0 = true }
                // Nothing comes but the end.
                for await _ in gate {}
            }
            let janitor = Self.janitor(shop, limits: .test(maxAge: 10))
            try await Self.whileRunning(janitor) {
                async let collection = janitor.run(.collection)
                while !isHeld.withLockedValue({ $0 }) { await Task.yield() }
                #expect(await janitor.makeRoom(for: 10))
                let evicted = try await shop.store.blobInfo(image)
                #expect(evicted == nil)
                opening.finish()
                let report = await collection
                #expect(report?.outcome == .done)
            }
        }
    }

    @Test func whoseClockIsWrongRemovesNothing() async throws {
        try await Workshop.open { shop in
            let digest = try await Self.orphan(shop)
            let janitor = Self.janitor(shop)
            try await Self.whileRunning(janitor) {
                shop.objects.setClock(ahead: -90_000)
                for job in [JanitorJob.collection, .collection, .eviction, .retention] {
                    let report = await janitor.run(job)
                    #expect(report?.outcome == .failed)
                    #expect(report?.error?.contains("90000 seconds ahead of the store's") == true)
                }
                shop.objects.setClock(ahead: 300)
                for _ in 0..<2 {
                    let report = await janitor.run(.collection)
                    #expect(report?.outcome == .done)
                }
                let found = try await shop.store.blobInfo(digest)
                #expect(found == nil)
            }
        }
    }

    @Test func aMarkOfTheFutureIsJudgedByWhenItWasWritten() {
        let text = Condemnation(at: 90_000, by: CollectionRound()).text
        let mark = Condemnation(text, modified: 1000)
        #expect(mark.time == 1000)
        #expect(!Condemnation.isRipe(mark.time, grace: 100, now: 1010))
        // Also when a move has dated it anew.
        #expect(mark == Condemnation(text, modified: 1005))
        #expect(mark != Condemnation(Condemnation(at: 1000, by: CollectionRound()).text, modified: 1000))
    }

    @Test func aJobThatAnotherReplicaIsAtIsLeftToIt() async throws {
        try await Workshop.open { shop in
            let digest = try await Self.orphan(shop)
            let coordination = MemoryCoordination()
            let key = CoordinationKey(CoordinationKey.Space("janitor"), "removal")
            let answer = try await coordination.acquire(key, owner: LeaseOwner(), note: [], life: .seconds(60))
            guard case .granted(let lease) = answer else {
                Issue.record("it is taken")
                return
            }
            let janitor = Self.janitor(shop, coordination: coordination)
            try await Self.whileRunning(janitor) {
                for job in [JanitorJob.collection, .eviction, .retention] {
                    let report = await janitor.run(job)
                    #expect(report?.outcome == .elsewhere)
                    #expect(report?.error == "another replica is at it")
                }
                #expect(await janitor.run(.scrub)?.outcome == .done)
                try await coordination.release(lease)
                for _ in 0..<2 { #expect(await janitor.run(.collection)?.outcome == .done) }
                let collected = try await shop.store.blobInfo(digest)
                #expect(collected == nil)
            }
        }
    }

    private struct Silence: Coordination {
        private static let error = CoordinationError(.unavailable, "nobody answers")

        func acquire(
            _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration
        ) async throws(CoordinationError) -> LeaseAnswer { throw Self.error }
        func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool { throw Self.error }
        func release(_ lease: Lease) async throws(CoordinationError) { throw Self.error }
        func value(_ key: CoordinationKey) async throws(CoordinationError) -> [UInt8]? { throw Self.error }
        func store(
            _ value: [UInt8], _ key: CoordinationKey, life: Duration, _ condition: StoreCondition
        ) async throws(CoordinationError) -> Bool { throw Self.error }
        func remove(_ key: CoordinationKey) async throws(CoordinationError) { throw Self.error }
        func add(_ amount: Int64, to key: CoordinationKey, life: Duration) async throws(CoordinationError) -> Int64 {
            throw Self.error
        }
    }

    @Test func whereNobodyCanBeAskedNothingIsRemoved() async throws {
        try await Workshop.open { shop in
            let digest = try await Self.orphan(shop)
            let janitor = Self.janitor(shop, coordination: Silence())
            try await Self.whileRunning(janitor) {
                for _ in 0..<3 { #expect(await janitor.run(.collection)?.outcome == .elsewhere) }
            }
            let held = try await shop.store.blobInfo(digest)
            #expect(held != nil)
        }
    }

    @Test func besideOtherProcessesEvictionCondemnsBytesAndCollectionRemovesThem() async throws {
        try await Workshop.open { shop in
            let blob = shop.upstream.hold(ByteBuffer(repeating: 2, count: 100))
            _ = try await shop.registry.blob(try shop.repository("mirror/x"), blob, range: nil).content.collected()
            shop.pass(seconds: 100)
            let janitor = Self.janitor(shop, limits: .test(maxAge: 10), coordination: MemoryCoordination())
            try await Self.whileRunning(janitor) {
                let report = await janitor.run(.eviction)
                #expect(report?.counts["condemned"] == 1)
                #expect(report?.counts["removedContents"] == 1)
                #expect(report?.counts["freedBytes"] == 100)
            }
            let left = try await shop.store.blobInfo(blob)
            #expect(left == nil)
        }
    }

    @Test func whatADryRunCountsIsThereAfterwards() async throws {
        try await Workshop.open { shop in
            _ = try await Self.orphan(shop)
            let blob = shop.upstream.hold(ByteBuffer(repeating: 2, count: 200))
            _ = try await shop.registry.blob(try shop.repository("mirror/x"), blob, range: nil).content.collected()
            shop.pass(seconds: 100)
            let keys = shop.objects.keys
            let settings = JanitorSettings.test(shop.namespaces, cache: .test(maxAge: 10), grace: 0)
            let preview = try await PrunePreview.of(
                shop.store, shop.registry, settings, free: nil, now: shop.time)
            #expect(preview.collection["condemned"] == 1 && preview.collection["condemnedBytes"] == 100)
            #expect(preview.eviction?["evictedContents"] == 1 && preview.eviction?["freedBytes"] == 200)
            #expect(shop.objects.keys == keys)
        }
    }
}
