import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing

/// Links of tags that a power loss left empty or full of something else.
@Suite(.timeLimit(.minutes(1))) struct DamagedTagTests {
    private let image = Image()

    private func tag() throws -> OCI.Tag { try #require(Tag("v1")) }

    private func damage(_ shop: Workshop, _ name: String, _ text: String = "") async throws {
        let link = "docker/registry/v2/repositories/\(name)/_manifests/tags/v1/current/link"
        #expect(shop.objects.keys.contains(link))
        try await shop.objects.write(try #require(ObjectKey(link)), ByteBuffer(string: text), .cached)
    }

    private func pull(_ shop: Workshop, _ name: String, isHead: Bool = false) async throws -> Digest {
        try await shop.registry.manifest(try shop.repository(name), .tag(try tag()), isHead: isHead).content.digest
    }

    private func push(_ shop: Workshop, _ name: String) async throws {
        _ = try await shop.registry.putManifest(
            try shop.repository(name),
            IncomingManifest(bytes: ByteBuffer(string: image.manifest), mediaType: nil, reference: .tag(try tag())))
    }

    @Test(
        arguments: ["mirror/x", "overlay/x", "firm/x"],
        ["", "sha256:nonsense", String(repeating: "x", count: 300)])
    func anUpstreamsTagIsFetchedAndWrittenAnew(name: String, text: String) async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            for isHead in [false, true] {
                _ = try await pull(shop, name)
                try await damage(shop, name, text)
                #expect(try await pull(shop, name, isHead: isHead) == digest)
                #expect(try await shop.store.tag(try tag(), in: try shop.repository(name).name)?.digest == digest)
            }
            let questions = shop.upstream.questions.count
            #expect(try await pull(shop, name) == digest)
            #expect(shop.upstream.questions.count == questions)
        }
    }

    @Test(arguments: ["mirror/x", "overlay/x"])
    func refreshAndPurgeLookPastTheDamage(name: String) async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            let repository = try shop.repository(name)
            _ = try await pull(shop, name)
            try await damage(shop, name)
            #expect(try await shop.registry.refresh(repository, try tag()).digest == digest)
            for reference in [Reference.tag(try tag()), nil] {
                try await damage(shop, name)
                #expect(try await shop.registry.purge(repository, reference) == 1)
                #expect(try await shop.store.tag(try tag(), in: repository.name) == nil)
                #expect(try await pull(shop, name) == digest)
            }
        }
    }

    @Test(arguments: ["sparse/x", "overlay/x"])
    func aTagThatWasPushedHereIsNotGuessed(name: String) async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            try await push(shop, name)
            try await damage(shop, name)
            let error = await #expect(throws: RegistryError.self) { try await pull(shop, name) }
            #expect(error?.status == 500)
            if name == "overlay/x" {
                _ = try await shop.registry.purge(try shop.repository(name), .tag(try tag()))
                await #expect(throws: RegistryError.self) { try await pull(shop, name) }
            }
            // A push says anew what it names.
            try await push(shop, name)
            _ = try await pull(shop, name)
        }
    }
}
