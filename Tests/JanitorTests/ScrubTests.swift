import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

@testable import Janitor
@testable import Registry
@testable import Storage

private typealias RepositoryTag = OCI.Tag

/// Damage of every kind, found and put right, or told.
@Suite(.timeLimit(.minutes(1))) struct ScrubTests {
    private static let name = "local/a"

    private static func scrub(_ shop: Workshop, isDry: Bool = false) async throws -> [String] {
        var scrub = Scrub(
            store: shop.registry.janitorStore, settings: JanitorSettings.test(shop.namespaces, grace: 10),
            repairer: isDry ? nil : shop.registry, rate: nil, now: shop.time)
        try await scrub.run()
        return scrub.findings.map { "\($0.kind.rawValue) \($0.repair.rawValue)" }.sorted()
    }

    /// A pushed image of one layer; the digests of its manifest and layer.
    private static func push(_ shop: Workshop, to name: String = name) async throws -> (manifest: Digest, layer: Digest)
    {
        let repository = try shop.repository(name)
        let layer = ByteBuffer(repeating: 7, count: 100)
        let digest = Digest(hashing: layer)
        let rest = NIOLockedValueBox<ByteBuffer?>(layer)
        try await shop.registry.putBlob(repository, digest, length: 100) {
            rest.withLockedValue { rest in
                defer { rest = nil }
                return rest
            }
        }
        let pushed = try await shop.registry.putManifest(
            repository,
            IncomingManifest(
                bytes: ByteBuffer(string: text(digest)), mediaType: .imageManifest,
                reference: .tag(try #require(RepositoryTag("v1")))))
        return (pushed.digest, digest)
    }

    private static func text(_ layer: Digest) -> String {
        #"{"schemaVersion":2,"layers":[{"mediaType":"application/octet-stream","digest":"\#(layer)","size":100}]}"#
    }

    private static func damage(_ shop: Workshop, _ key: ObjectKey, _ text: String = "") async throws {
        try await shop.objects.write(key, ByteBuffer(string: text), .cached)
    }

    /// Twice: what can be put right is not found again.
    private static func expect(
        _ shop: Workshop, _ findings: [String], rest: [String] = [], location: SourceLocation = #_sourceLocation
    ) async throws {
        let dry = findings.map { finding in
            finding.hasSuffix(" none") ? finding : finding.split(separator: " ")[0] + " dry-run"
        }
        let keys = shop.objects.keys
        let seen = try await scrub(shop, isDry: true)
        #expect(seen == dry, sourceLocation: location)
        #expect(shop.objects.keys == keys, sourceLocation: location)
        let found = try await scrub(shop)
        #expect(found == findings, sourceLocation: location)
        let left = try await scrub(shop)
        #expect(left == rest, sourceLocation: location)
    }

    @Test func whatIsWholeIsLeftAlone() async throws {
        try await Workshop.open { shop in
            _ = try await Self.push(shop)
            try await Self.expect(shop, [])
        }
    }

    @Test func damagedBytesThatWerePushedArePutOutOfTheWayAndCanBePushedAgain() async throws {
        try await Workshop.open { shop in
            let (manifest, layer) = try await Self.push(shop)
            try await Self.damage(shop, RegistryLayout.blob(layer), "other")
            let rest = ["incomplete-manifest none", "missing-content none"]
            try await Self.expect(
                shop, ["damaged-content quarantined", "incomplete-manifest none"], rest: rest)
            #expect(shop.objects.keys.contains(".entrepot/quarantine/sha256-\(layer.hex)"))
            let repository = try shop.repository(Self.name)
            await #expect(throws: RegistryError.self) { try await shop.registry.blobHead(repository, layer) }
            #expect(try await Self.push(shop).manifest == manifest)
            #expect(try await Self.scrub(shop) == [])
        }
    }

    @Test func damagedBytesOfAMirrorAreRemovedAndFetchedAgain() async throws {
        try await Workshop.open { shop in
            let content = ByteBuffer(repeating: 1, count: 100_000)
            let digest = shop.upstream.hold(content)
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.blob(repository, digest, range: nil).content.collected()
            try await Self.damage(shop, RegistryLayout.blob(digest), "other")
            try await Self.expect(shop, ["damaged-content refetched"])
            #expect(try await shop.store.blobInfo(digest)?.size == 100_000)
            // The upstream does not have it any more.
            try await Self.damage(shop, RegistryLayout.blob(digest), "other")
            shop.upstream.fail(.notFound)
            try await Self.expect(shop, ["damaged-content removed"], rest: ["missing-content removed"])
        }
    }

    @Test func damagedBytesThatWerePushedOverAnUpstreamAreFetchedFromItAndTheDamagedKept() async throws {
        try await Workshop.open { shop in
            let content = ByteBuffer(repeating: 7, count: 100)
            #expect(shop.upstream.hold(content) == Digest(hashing: content))
            let layer = try await Self.push(shop, to: "overlay/a").layer
            try await Self.damage(shop, RegistryLayout.blob(layer), "other")
            try await Self.expect(shop, ["damaged-content refetched", "incomplete-manifest none"])
            #expect(shop.objects.keys.contains(RegistryLayout.quarantined(layer).path))
            #expect(try await shop.store.smallBlob(layer, limit: 100) == content)
        }
    }

    @Test func whatCannotBeReadIsToldAndTheRestIsLookedAt() async throws {
        try await Workshop.open { shop in
            let (_, layer) = try await Self.push(shop)
            shop.objects.failReading(RegistryLayout.blob(layer), .io)
            try await Self.expect(shop, ["unreadable-content none"], rest: ["unreadable-content none"])
            shop.objects.failReading(nil, .io)
            #expect(try await Self.scrub(shop) == [])
        }
    }

    /// A cable, a memory: what is read once is not what is there.
    @Test func whatIsWholeAtTheSecondReadingIsLeftAlone() async throws {
        try await Workshop.open { shop in
            let (_, layer) = try await Self.push(shop)
            shop.objects.falsifyOnce(RegistryLayout.blob(layer))
            #expect(try await Self.scrub(shop) == [])
        }
    }

    @Test func emptyLinksAreWrittenAnew() async throws {
        try await Workshop.open { shop in
            let (manifest, layer) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            try await Self.damage(shop, RegistryLayout.layerLink(layer, in: name))
            try await Self.damage(shop, RegistryLayout.revisionLink(manifest, in: name))
            try await Self.expect(shop, ["damaged-link repaired", "damaged-link repaired"])
        }
    }

    @Test func aTagWithAnEmptyLinkIsNamedAsItWasLast() async throws {
        try await Workshop.open { shop in
            let (manifest, _) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            let tag = try #require(RepositoryTag("v1"))
            try await Self.damage(shop, RegistryLayout.tagLink(tag, in: name))
            try await Self.expect(shop, ["damaged-tag repaired"])
            #expect(try await shop.store.tag(tag, in: name)?.digest == manifest)
        }
    }

    @Test func aTagWhoseManifestLostItsLinkHasItAgain() async throws {
        try await Workshop.open { shop in
            let (manifest, _) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            try await shop.objects.delete(RegistryLayout.revisionLink(manifest, in: name))
            try await Self.expect(shop, ["dangling-tag repaired"])
        }
    }

    // MARK: What clients do meanwhile

    private static func tag(_ shop: Workshop, _ name: String = name) async throws -> Digest? {
        try await shop.store.tag(
            try #require(RepositoryTag("v1")), in: try #require(RepositoryName(name)))?.digest
    }

    /// When its tag was read, or later, when its bytes were.
    @Test(arguments: [false, true]) func aManifestThatIsDeletedWhileItsTagIsLookedAtStaysDeleted(isLater: Bool)
        async throws
    {
        try await Workshop.open { shop in
            let (digest, _) = try await Self.push(shop)
            let repository = try shop.repository(Self.name)
            let objects = shop.objects
            let link = RegistryLayout.tagLink(try #require(RepositoryTag("v1")), in: repository.name)
            @Sendable func deleteTag() async throws(StorageError) {
                try await objects.delete(link)
                try await objects.delete(RegistryLayout.revisionFolder(digest, in: repository.name))
            }
            if isLater {
                try await objects.delete(RegistryLayout.revisionFolder(digest, in: repository.name))
                objects.afterReadingOnce(RegistryLayout.blob(digest), deleteTag)
            } else {
                // The manifest itself is looked at first.
                objects.afterReadingOnce(RegistryLayout.blob(digest)) { () async throws(StorageError) in
                    objects.afterReadingOnce(link, deleteTag)
                }
            }
            let findings = try await Self.scrub(shop)
            #expect(findings == [])
            #expect(try await Self.tag(shop) == nil)
            #expect(try await !shop.store.hasManifest(digest, in: repository.name))
        }
    }

    @Test func aDamagedTagThatIsPushedWhileItIsLookedAtNamesWhatWasPushed() async throws {
        try await Workshop.open { shop in
            let (old, _) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            let tag = try #require(RepositoryTag("v1"))
            let other = try await shop.registry.putManifest(
                try shop.repository(Self.name),
                IncomingManifest(
                    bytes: ByteBuffer(string: #"{"schemaVersion":2,"layers":[]}"#), mediaType: .imageManifest,
                    reference: .tag(try #require(RepositoryTag("v2"))))
            ).digest
            let link = RegistryLayout.tagLink(tag, in: name)
            try await Self.damage(shop, link)
            let store = shop.store
            shop.objects.afterReadingOnce(link) { () async throws(StorageError) in
                try await store.setTag(tag, to: other, in: name, .durable)
            }
            let findings = try await Self.scrub(shop)
            #expect(findings == [])
            #expect(try await Self.tag(shop) == other)
            #expect(old != other)
        }
    }

    @Test func aDanglingTagOfAMirrorThatIsFetchedWhileItIsLookedAtStays() async throws {
        try await Workshop.open { shop in
            let text = #"{"schemaVersion":2,"layers":[]}"#
            _ = shop.upstream.hold(text, tag: "v1")
            let repository = try shop.repository("mirror/x")
            let tag = try #require(RepositoryTag("v1"))
            let digest = try await shop.registry.manifest(repository, .tag(tag)).content.digest
            try await shop.objects.delete(RegistryLayout.revisionFolder(digest, in: repository.name))
            try await shop.objects.delete(RegistryLayout.blob(digest))
            let store = shop.store
            let manifest = StoredManifest(
                digest: digest, mediaType: .imageManifest, bytes: ByteBuffer(string: text))
            shop.objects.afterReadingOnce(RegistryLayout.blob(digest)) { () async throws(StorageError) in
                try await store.put(manifest, declared: nil, in: repository.name, .cached)
                try await store.setTag(tag, to: digest, in: repository.name, .cached)
            }
            let findings = try await Self.scrub(shop)
            #expect(findings == [])
            #expect(try await Self.tag(shop, "mirror/x") == digest)
        }
    }

    /// Its link was empty when all were looked at.
    @Test func aManifestWithADamagedLinkThatIsDeletedMeanwhileStaysDeleted() async throws {
        try await Workshop.open { shop in
            let (digest, _) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            let tag = try #require(RepositoryTag("v1"))
            try await Self.damage(shop, RegistryLayout.revisionLink(digest, in: name))
            let (objects, store) = (shop.objects, shop.store)
            objects.afterReadingOnce(RegistryLayout.blob(digest)) { () async throws(StorageError) in
                try await store.removeTag(tag, in: name)
                try await store.removeManifest(digest, in: name)
            }
            let findings = try await Self.scrub(shop)
            #expect(findings == [])
            #expect(try await !shop.store.hasManifest(digest, in: name))
        }
    }

    @Test func whatIsLostIsToldAndNothingOfItIsRemoved() async throws {
        try await Workshop.open { shop in
            let (manifest, _) = try await Self.push(shop)
            try await shop.objects.delete(RegistryLayout.blob(manifest))
            let lost = ["missing-manifest none"]
            try await Self.expect(shop, lost, rest: lost)
        }
    }

    @Test func referrersOfStoresThatKnowNoneAreListed() async throws {
        try await Workshop.open { shop in
            let (subject, layer) = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            let text =
                Self.text(layer).dropLast()
                + #","subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(subject)","size":1}}"#
            let digest = Digest(hashing: ByteBuffer(string: String(text)))
            // As distribution leaves it.
            try await Self.damage(shop, RegistryLayout.blob(digest), String(text))
            try await Self.damage(shop, RegistryLayout.revisionLink(digest, in: name), digest.description)
            try await Self.expect(shop, ["missing-referrer repaired"])
            let referrers = try await shop.store.referrers(of: subject, in: name) { _ in }
            #expect(referrers.map(\.digest) == [digest])
        }
    }

    @Test func remainsOfUploadsAreRemoved() async throws {
        try await Workshop.open { shop in
            _ = try await Self.push(shop)
            let name = try #require(RepositoryName(Self.name))
            try await Self.damage(shop, try #require(RegistryLayout.upload(UploadID(), in: name).child("data")), "x")
            shop.pass(seconds: 11)
            try await Self.expect(shop, ["broken-upload repaired"])
        }
    }

    @Test func theRateIsKept() async throws {
        try await Workshop.open { shop in
            for seed in 0..<4 {
                let content = ByteBuffer(repeating: UInt8(seed), count: 100_000)
                try await Self.damage(shop, RegistryLayout.blob(Digest(hashing: content)), String(buffer: content))
            }
            let seen = NIOLockedValueBox<(Int64, Int64)>((0, 0))
            var scrub = Scrub(
                store: shop.registry.janitorStore, settings: JanitorSettings.test(shop.namespaces),
                repairer: nil, rate: 2_000_000, now: shop.time,
                report: { done, total in seen.withLockedValue { $0 = (done, total) } })
            let elapsed = try await ContinuousClock().measure { try await scrub.run() }
            #expect(elapsed > .milliseconds(150))
            #expect(seen.withLockedValue { $0 } == (400_000, 400_000))
        }
    }
}
