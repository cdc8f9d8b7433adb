import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

// Swift Testing has a `Tag` as well.
private typealias RepositoryTag = OCI.Tag

/// `mode = "overlay"`: pushes over upstreams.
@Suite(.timeLimit(.minutes(1))) struct OverlayTests {
    private let theirs = #"{"schemaVersion":2,"manifests":[],"annotations":{"of":"upstream"}}"#
    private let ours = #"{"schemaVersion":2,"manifests":[],"annotations":{"of":"us"}}"#

    private func push(_ shop: Workshop, _ repository: Repository, _ text: String, _ tag: String) async throws {
        _ = try await shop.registry.putManifest(
            repository,
            IncomingManifest(
                bytes: ByteBuffer(string: text), mediaType: nil, reference: .tag(try #require(RepositoryTag(tag)))))
    }

    private func pull(_ shop: Workshop, _ repository: Repository, _ tag: String) async throws -> String {
        let served = try await shop.registry.manifest(repository, .tag(try #require(RepositoryTag(tag))))
        return String(buffer: served.content.bytes)
    }

    @Test func whatWasPushedWinsAndTheRestComesFromTheUpstream() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("overlay/x")
            _ = shop.upstream.hold(theirs, tag: "v1")
            _ = shop.upstream.hold(theirs, tag: "v2")
            #expect(try await pull(shop, repository, "v1") == theirs)
            try await push(shop, repository, ours, "v1")
            #expect(try await pull(shop, repository, "v1") == ours)
            shop.pass(seconds: 100_000)
            let asked = shop.upstream.questions.count
            #expect(try await pull(shop, repository, "v1") == ours)
            #expect(shop.upstream.questions.count == asked)
            #expect(try await pull(shop, repository, "v2") == theirs)
            let tags = try await shop.registry.tags(repository, after: nil, limit: nil).content.tags
            #expect(tags.map(\.value) == ["v1", "v2"])
        }
    }

    @Test func deletingAPushedTagBringsTheUpstreamsBack() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("overlay/x")
            _ = shop.upstream.hold(theirs, tag: "v1")
            try await push(shop, repository, ours, "v1")
            try await shop.registry.deleteManifest(repository, .tag(try #require(RepositoryTag("v1"))))
            #expect(try await pull(shop, repository, "v1") == theirs)
            try await push(shop, repository, ours, "v1")
            try await shop.registry.deleteManifest(repository, .digest(Digest(hashing: ByteBuffer(string: ours))))
            #expect(try await pull(shop, repository, "v1") == theirs)
        }
    }

    @Test func aPushedTagOutlivesTheUpstreamsDenialOfIt() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("overlay/x")
            try await push(shop, repository, ours, "v1")
            shop.pass(seconds: 100_000)
            shop.upstream.fail(.notFound)
            #expect(try await pull(shop, repository, "v1") == ours)
            let tags = try await shop.registry.tags(repository, after: nil, limit: nil).content.tags
            #expect(tags.map(\.value) == ["v1"])
            #expect(
                try await shop.registry.referrers(repository, Digest(hashing: ByteBuffer()), artifactType: nil).content
                    .isEmpty)
        }
    }

    @Test func anImageMayBeBuiltOnLayersThatTheUpstreamHas() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("overlay/x")
            let layer = shop.upstream.hold(ByteBuffer(string: "base layer"))
            let text = #"{"schemaVersion":2,"layers":[{"mediaType":"application/x","digest":"\#(layer)","size":10}]}"#
            try await push(shop, repository, text, "v1")
            #expect(try await pull(shop, repository, "v1") == text)
            let unknown = Digest(hashing: ByteBuffer(string: "nowhere"))
            let error = await #expect(throws: RegistryError.self) {
                try await push(shop, repository, text.replacing("\(layer)", with: "\(unknown)"), "v2")
            }
            #expect(error?.code == .manifestBlobUnknown)
        }
    }
}
