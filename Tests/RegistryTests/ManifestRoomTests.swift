import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@testable import Registry
@testable import Upstream

/// Memory for manifests that arrive.
@Suite(.timeLimit(.minutes(1))) struct ManifestRoomTests {
    private let large =
        #"{"schemaVersion":2,"manifests":[],"annotations":{"a":""# + String(repeating: "x", count: 100_000) + #""}}"#

    @Test func `a small manifest needs no room, and a large one that finds none in time is told to come again`()
        async throws
    {
        let timers = ManualTimers()
        let room = ByteBudget(limit: 200_000, timers: timers.timers)
        try await Workshop.open(manifestRoom: room) { shop in
            let all = room.reserve(200_000)
            let share = try await shop.registry.manifestShare(32 << 10)
            #expect(share == nil)
            let waiting = Task { try await shop.registry.manifestShare(nil) }
            await timers.asleep(for: .seconds(10))
            timers.pass(.seconds(10))
            let error = await #expect(throws: RegistryError.self) { try await waiting.value }
            #expect(error?.status == 429)
            #expect(error?.retryAfter != nil)
            withExtendedLifetime(all) {}
            #expect(room.used == 200_000)
        }
    }

    @Test func `an upstream's manifest waits for room, and the upstream is not blamed`() async throws {
        let timers = ManualTimers()
        let room = ByteBudget(limit: 200_000, timers: timers.timers)
        try await Workshop.open(manifestRoom: room) { shop in
            let digest = shop.upstream.hold(large, tag: "v1", as: .imageIndex)
            shop.upstream.counts(manifestsIn: room)
            var all = room.reserve(200_000)
            let pull = Task { try await shop.registry.manifest(try shop.repository("mirror/a"), .tag(Tag("v1")!)) }
            await timers.asleep(for: .seconds(10))
            #expect(room.waiting == 1)
            #expect(all != nil)
            all = nil
            let served = try await pull.value
            #expect(served.content.digest == digest)
            #expect(shop.health.states["upstream0"]?.failures ?? 0 == 0)
            // It is stored: others may have the memory.
            #expect(room.used == 0)
        }
    }

    @Test func `what finds no room in time is 429, or what is held`() async throws {
        let timers = ManualTimers()
        let room = ByteBudget(limit: 200_000, timers: timers.timers)
        try await Workshop.open(manifestRoom: room) { shop in
            _ = shop.upstream.hold(large, tag: "v1", as: .imageIndex)
            shop.upstream.counts(manifestsIn: room)
            let all = room.reserve(200_000)
            let pull = Task { try await shop.registry.manifest(try shop.repository("mirror/a"), .tag(Tag("v1")!)) }
            await timers.asleep(for: .seconds(10))
            timers.pass(.seconds(10))
            let error = await #expect(throws: RegistryError.self) { try await pull.value }
            #expect(error?.status == 429)
            #expect(error?.retryAfter == 1)
            withExtendedLifetime(all) {}
        }
    }
}
