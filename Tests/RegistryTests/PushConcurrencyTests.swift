import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing

// Swift Testing has a `Tag` as well.
private typealias RepositoryTag = OCI.Tag

/// Pushes, deletions and mounts at once: whatever comes out, some order of them one after the other would give it.
@Suite(.timeLimit(.minutes(2))) struct PushConcurrencyTests {
    private func manifest(_ number: Int) -> ByteBuffer {
        ByteBuffer(
            string:
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[],"annotations":{"n":"\#(number)"}}"#
        )
    }

    private func put(_ shop: Workshop, _ repository: Repository, _ tag: RepositoryTag, _ number: Int) async throws {
        _ = try await shop.registry.putManifest(
            repository, IncomingManifest(bytes: manifest(number), mediaType: nil, reference: .tag(tag)))
    }

    @Test func aTagNeverNamesAManifestThatIsMissing() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let tag = try #require(RepositoryTag("v"))
            let digests = (0..<8).map { Digest(hashing: manifest($0)) }
            try await put(shop, repository, tag, 0)
            try await withThrowingTaskGroup { group in
                for worker in 0..<4 {
                    group.addTask {
                        for round in 0..<60 { try await put(shop, repository, tag, (worker + round) % 8) }
                    }
                }
                for worker in 0..<2 {
                    group.addTask {
                        for round in 0..<60 {
                            // Absent is fine: another order of events.
                            try? await shop.registry.deleteManifest(
                                repository, .digest(digests[(worker * 3 + round) % 8]))
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<300 {
                        guard let record = try await shop.store.tag(tag, in: repository.name) else { continue }
                        let held = try await shop.store.hasManifest(record.digest, in: repository.name)
                        // Read one after the other: a miss counts only if the tag still says the same.
                        let now = try await shop.store.tag(tag, in: repository.name)
                        if !held { #expect(now?.digest != record.digest || now == nil) }
                    }
                }
                try await group.waitForAll()
            }
            if let record = try await shop.store.tag(tag, in: repository.name) {
                #expect(try await shop.store.hasManifest(record.digest, in: repository.name))
            }
        }
    }

    @Test func aTagThatIsOnlyMovedIsAlwaysThere() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let tag = try #require(RepositoryTag("v"))
            try await put(shop, repository, tag, 0)
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for round in 1..<150 {
                        try await put(shop, repository, tag, round)
                        try await shop.registry.deleteManifest(
                            repository, .digest(Digest(hashing: manifest(round - 1))))
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<300 { _ = try await shop.registry.manifest(repository, .tag(tag)) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func deletingABlobAgainstMountingItLeavesBothOrNeither() async throws {
        try await Workshop.open { shop in
            let source = try shop.repository("local/a")
            let target = try shop.repository("local/b")
            let bytes = ByteBuffer(string: "content")
            let digest = Digest(hashing: bytes)
            for _ in 0..<50 {
                var pieces = [bytes]
                try await shop.registry.putBlob(source, digest, length: nil) { () async throws(RegistryError) in
                    pieces.popLast()
                }
                async let mounted = shop.registry.mountBlob(target, digest, from: source, among: shop.namespaces)
                async let deleted: Void = shop.registry.deleteBlob(source, digest)
                let isMounted = try await mounted
                try await deleted
                await #expect(throws: RegistryError.self) { try await shop.registry.blobHead(source, digest) }
                if isMounted {
                    #expect(try await shop.registry.blob(target, digest, range: nil).content.bytes() == bytes)
                    try await shop.registry.deleteBlob(target, digest)
                }
                await #expect(throws: RegistryError.self) { try await shop.registry.blobHead(target, digest) }
            }
        }
    }

    @Test func ofManyPushesOfAnImmutableTagOneWins() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("strict/a")
            let tag = try #require(RepositoryTag("v"))
            let wins = await withTaskGroup { group in
                for number in 0..<20 {
                    group.addTask { (try? await put(shop, repository, tag, number)) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    /// Another server, of which this one knows nothing, does something at the moment at which the tag is written here.
    private func meanwhile(
        _ shop: Workshop, _ repository: Repository, _ tag: RepositoryTag,
        _ other: @escaping @Sendable () async throws -> Void, _ body: () async throws -> Void
    ) async throws {
        let isOver = NIOLockedValueBox(false)
        let link = RegistryLayout.tagLink(tag, in: repository.name)
        shop.objects.beforeWriting { key in
            guard key == link,
                !isOver.withLockedValue({ isOver in
                    defer { isOver = true }; return isOver
                })
            else {
                return
            }
            do { try await other() } catch { Issue.record(error) }
        }
        try await body()
        shop.objects.beforeWriting(nil)
        #expect(isOver.withLockedValue { $0 })
    }

    @Test(arguments: ["strict/a", "firm/a"])
    func ofTwoServersThatNothingOrdersOneSetsAnImmutableTag(name: String) async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository(name)
            let tag = try #require(RepositoryTag("v"))
            @Sendable func other() async throws {
                _ = try await shop.secondRegistry.putManifest(
                    repository, IncomingManifest(bytes: manifest(2), mediaType: nil, reference: .tag(tag)))
            }
            try await meanwhile(shop, repository, tag, other) {
                let error = await #expect(throws: RegistryError.self) { try await put(shop, repository, tag, 1) }
                #expect(error?.status == 409)
            }
            let first = Digest(hashing: manifest(2))
            #expect(try await shop.store.tag(tag, in: repository.name)?.digest == first)
            if name.hasPrefix("firm") {
                #expect(try await shop.store.pushedTag(tag, in: repository.name) == first)
            }
            // Nothing says that it ever named the other one.
            let late = RegistryLayout.tagIndexLink(tag, Digest(hashing: manifest(1)), in: repository.name)
            #expect(try await shop.objects.info(late) == nil)
            // The same again is no change.
            try await put(shop, repository, tag, 2)
        }
    }

    @Test func anImmutableTagThatWasDeletedMeanwhileIsSet() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("strict/a")
            let tag = try #require(RepositoryTag("v"))
            try await put(shop, repository, tag, 1)
            @Sendable func other() async throws {
                try await shop.secondRegistry.deleteManifest(repository, .tag(tag))
            }
            try await meanwhile(shop, repository, tag, other) { try await put(shop, repository, tag, 1) }
            #expect(try await shop.store.tag(tag, in: repository.name)?.digest == Digest(hashing: manifest(1)))
        }
    }

    @Test func whatWasPushedWhileAnUpstreamAnsweredStays() async throws {
        try await Workshop.open { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("firm/x")
            let tag = try #require(RepositoryTag("v1"))
            @Sendable func other() async throws {
                _ = try await shop.secondRegistry.putManifest(
                    repository, IncomingManifest(bytes: manifest(2), mediaType: nil, reference: .tag(tag)))
            }
            try await meanwhile(shop, repository, tag, other) {
                _ = try await shop.registry.manifest(repository, .tag(tag))
            }
            let served = try await shop.registry.manifest(repository, .tag(tag))
            #expect(served.content.digest == Digest(hashing: manifest(2)))
            #expect(try await shop.store.pushedTag(tag, in: repository.name) == Digest(hashing: manifest(2)))
        }
    }
}
