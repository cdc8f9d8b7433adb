import Hashing
import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@testable import Registry

private typealias RepositoryTag = OCI.Tag

@Suite(.timeLimit(.minutes(1))) struct PullTimesTests {
    private let start: Int64 = 1_000_000
    private let text = #"{"schemaVersion":2,"manifests":[]}"#
    private var digest: Digest { Digest(hashing: ByteBuffer(string: text)) }
    private let tag: Reference
    private var manifest: Reference { .digest(digest) }

    init() throws {
        tag = .tag(try #require(RepositoryTag("v1")))
    }

    private func withPushed(
        _ body: @Sendable (Workshop, Repository) async throws -> Void
    ) async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/x")
            _ = try await shop.registry.putManifest(
                repository, IncomingManifest(bytes: ByteBuffer(string: text), mediaType: nil, reference: tag))
            try await body(shop, repository)
        }
    }

    @Test func aPullByTagIsOneOfTheManifestTooAndAHeadIsNone() async throws {
        try await withPushed { shop, repository in
            _ = try await shop.registry.manifest(repository, tag, isHead: true)
            #expect(try await shop.registry.lastPulled(tag, in: repository.name) == nil)
            _ = try await shop.registry.manifest(repository, manifest)
            #expect(try await shop.registry.lastPulled(manifest, in: repository.name) == start)
            #expect(try await shop.registry.lastPulled(tag, in: repository.name) == nil)
            shop.pass(seconds: 5)
            _ = try await shop.registry.manifest(repository, tag)
            #expect(try await shop.registry.lastPulled(tag, in: repository.name) == start + 5)
            #expect(try await shop.registry.lastPulled(manifest, in: repository.name) == start + 5)
        }
    }

    @Test func pullsAreWrittenTogetherAndWhatIsPulledAllDayOnceAnHour() async throws {
        try await withPushed { shop, repository in
            for _ in 0..<100 { _ = try await shop.registry.manifest(repository, tag) }
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == nil)
            #expect(try await shop.registry.writePullTimes() == 2)
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == start)
            shop.pass(seconds: PullTimes.resolution - 1)
            _ = try await shop.registry.manifest(repository, tag)
            #expect(try await shop.registry.writePullTimes() == 0)
            shop.pass(seconds: 1)
            _ = try await shop.registry.manifest(repository, tag)
            #expect(try await shop.registry.writePullTimes() == 2)
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == start + PullTimes.resolution)
        }
    }

    @Test func anotherServerKnowsOfThePullsThatWereWritten() async throws {
        try await withPushed { shop, repository in
            _ = try await shop.registry.manifest(repository, tag)
            #expect(try await shop.secondRegistry.lastPulled(tag, in: repository.name) == nil)
            _ = try await shop.registry.writePullTimes()
            #expect(try await shop.secondRegistry.lastPulled(tag, in: repository.name) == start)
        }
    }

    @Test func nothingIsWrittenOfWhatWasDeletedAndDeletionTakesTheTimes() async throws {
        try await withPushed { shop, repository in
            _ = try await shop.registry.manifest(repository, tag)
            _ = try await shop.registry.writePullTimes()
            shop.pass(seconds: PullTimes.resolution)
            _ = try await shop.registry.manifest(repository, tag)
            try await shop.registry.deleteManifest(repository, manifest)
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == nil)
            #expect(try await shop.store.pullTime(of: manifest, in: repository.name) == nil)
            #expect(try await shop.registry.writePullTimes() == 0)
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == nil)
        }
    }

    @Test func theLastTimesAreWrittenWhenTheServerStops() async throws {
        try await withPushed { shop, repository in
            _ = try await shop.registry.manifest(repository, tag)
            // A pause that ends in an error is how a service is told to end.
            try await PullTimesWriter(registry: shop.registry) { throw CancellationError() }.run()
            #expect(try await shop.store.pullTime(of: tag, in: repository.name) == start)
        }
    }

    @Test func aFloodOfNamesIsNotKept() throws {
        let times = PullTimes()
        let name = try #require(RepositoryName("local/x"))
        func key(_ number: Int) throws -> PullTimes.Key {
            PullTimes.Key(repository: name, reference: .tag(try #require(RepositoryTag("t\(number)"))))
        }
        for number in 0...PullTimes.capacity { times.record(try key(number), at: start) }
        #expect(times.recent(try key(0)) == start)
        #expect(times.recent(try key(PullTimes.capacity)) == nil)
        times.record(try key(0), at: start + 1)
        #expect(times.recent(try key(0)) == start + 1)
    }
}
