import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

@Suite(.timeLimit(.minutes(1))) struct ManifestTests {
    private static let config =
        #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(Digest(hashing: ByteBuffer(string: "{}")))","size":2}"#
    private let manifest = #"{"schemaVersion":2,"config":\#(config),"layers":[]}"#
    private let newer = #"{"schemaVersion":2,"config":\#(config),"layers":[], "x": 1}"#

    private func tag(_ text: String = "v1") throws -> Reference { .tag(try #require(Tag(text))) }

    @Test func aTagIsFetchedOnceAndServedWithoutAskingWhileFresh() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            let cold = try await shop.registry.manifest(repository, try tag())
            #expect(cold.content.digest == digest)
            #expect(String(buffer: cold.content.bytes) == manifest)
            #expect(cold.status.field == "entrepot; fwd=miss; stored")
            shop.pass(seconds: 59)
            #expect(try await shop.registry.manifest(repository, try tag()).status == .hit)
            #expect(try await shop.registry.manifest(repository, .digest(digest)).status == .hit)
            #expect(shop.upstream.questions == ["GET manifest x v1"])
        }
    }

    @Test func aTagThatIsNoLongerFreshCostsOneHeadWhileItNamesTheSame() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag())
            shop.pass(seconds: 61)
            #expect(try await shop.registry.manifest(repository, try tag()).status.field == "entrepot; fwd=stale")
            #expect(try await shop.registry.manifest(repository, try tag()).status == .hit)
            #expect(shop.upstream.questions == ["GET manifest x v1", "HEAD manifest x v1"])
        }
    }

    @Test func aTagThatMovedIsFollowedAndTheOldManifestStaysByDigest() async throws {
        try await Workshop.open { shop in
            let old = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag())
            let new = shop.upstream.hold(newer, tag: "v1")
            shop.pass(seconds: 61)
            #expect(try await shop.registry.manifest(repository, try tag()).content.digest == new)
            #expect(try await shop.registry.manifest(repository, .digest(old)).status == .hit)
        }
    }

    @Test(arguments: [
        UpstreamError.Kind.refused, .timedOut, .unavailable(status: 500), .tls, .resolve, .rateLimited(retryAfter: nil),
        .invalidResponse,
    ])
    func aHeldTagIsServedWithAWarningWhenTheUpstreamFails(kind: UpstreamError.Kind) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag())
            shop.pass(seconds: 61)
            shop.upstream.fail(kind)
            let stale = try await shop.registry.manifest(repository, try tag())
            #expect(stale.content.digest == digest)
            #expect(stale.warning?.contains("upstream0") == true)
            #expect(stale.status.forward == .stale)
        }
    }

    @Test(arguments: [UpstreamError.Kind.unauthorized, .denied])
    func aRefusalIsNeverServedAround(kind: UpstreamError.Kind) async throws {
        try await Workshop.open(upstreams: 2) { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag())
            shop.pass(seconds: 61)
            shop.upstreams[0].fail(.timedOut)
            shop.upstreams[1].fail(kind)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(repository, try tag())
            }
            #expect(error?.status == 403)
        }
    }

    @Test func aTagTheUpstreamNoLongerHasIsGoneHereToo() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag())
            shop.upstream.forget(tag: "v1")
            shop.pass(seconds: 61)
            for _ in 0..<2 {
                let error = await #expect(throws: RegistryError.self) {
                    try await shop.registry.manifest(repository, try tag())
                }
                #expect(error?.code == .manifestUnknown)
            }
            #expect(try await shop.registry.manifest(repository, .digest(digest)).status == .hit)
        }
    }

    @Test func aDeadPrimaryDoesNotTurnIntoNotFoundThroughASecondaryThatLacksTheTag() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            shop.upstreams[0].fail(.refused)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(try shop.repository("mirror/x"), try tag())
            }
            #expect(error?.status == 502)
        }
    }

    @Test func aDeadSecondaryDoesNotHideThatThePrimaryLacksTheTag() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            shop.upstreams[1].fail(.refused)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(try shop.repository("mirror/x"), try tag())
            }
            #expect(error?.status == 404)
        }
    }

    @Test func aManifestThatIsNotWhatWasAskedForIsNotKept() async throws {
        try await Workshop.open { shop in
            let wanted = Digest(hashing: ByteBuffer(string: newer))
            _ = shop.upstream.hold(manifest, tag: wanted.description)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(try shop.repository("mirror/x"), .digest(wanted))
            }
            #expect(error?.status == 502)
            #expect(shop.objects.keys == [])
        }
    }

    @Test(arguments: ["", "<html>", "{}", #"{"schemaVersion":1,"fsLayers":[]}"#])
    func whatIsNoManifestIsNotKept(text: String) async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(text, tag: "v1")
            await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(try shop.repository("mirror/x"), try tag())
            }
            #expect(shop.objects.keys == [])
        }
    }

    /// Static hosts and stores that manifests are redirected to know no types.
    @Test(arguments: [
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8", "text/plain", "binary/octet-stream", "text/html",
    ])
    func whatTheUpstreamSaysOfTheTypeCountsLessThanTheBytes(field: String) async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1", as: try #require(MediaType(field)))
            let repository = try shop.repository("mirror/x")
            for _ in 0..<2 {
                let served = try await shop.registry.manifest(repository, try tag())
                #expect(served.content.mediaType == .imageManifest)
            }
        }
    }

    @Test func manyWhoWantTheSameManifestShareOneQuestion() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let repository = try shop.repository("mirror/x")
            let reference = try tag()
            try await withThrowingTaskGroup(of: Digest.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await shop.registry.manifest(repository, reference).content.digest }
                }
                for try await found in group { #expect(found == digest) }
            }
            #expect(shop.upstream.questions == ["GET manifest x v1"])
        }
    }

    @Test func tagsOfUpstreamAndCacheAreMergedAndPaged() async throws {
        try await Workshop.open { shop in
            for name in ["a", "b", "c"] { _ = shop.upstream.hold(manifest, tag: name) }
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, try tag("b"))
            shop.upstream.forget(tag: "b")
            let all = try await shop.registry.tags(repository, after: nil, limit: nil)
            #expect(all.content.tags.map(\.value) == ["a", "b", "c"])
            let page = try await shop.registry.tags(repository, after: "a", limit: 1)
            #expect(page.content.tags.map(\.value) == ["b"])
            #expect(page.content.hasMore)
            shop.upstream.fail(.refused)
            let held = try await shop.registry.tags(repository, after: nil, limit: nil)
            #expect(held.content.tags.map(\.value) == ["b"])
            #expect(held.warning != nil)
        }
    }

    @Test func pagesThatFollowAreMadeOfTheListThatCame() async throws {
        try await Workshop.open { shop in
            for name in ["a", "b", "c", "d"] { _ = shop.upstream.hold(manifest, tag: name) }
            let repository = try shop.repository("mirror/x")
            func page(_ last: String?, _ limit: Int?) async throws -> [String] {
                try await shop.registry.tags(repository, after: last, limit: limit).content.tags.map(\.value)
            }
            #expect(try await page(nil, 0) == [])
            #expect(shop.upstream.questions.isEmpty)
            #expect(try await page(nil, 1) == ["a"])
            let questions = shop.upstream.questions.count
            #expect(questions > 0)
            shop.pass(seconds: 29)
            #expect(try await page("a", 2) == ["b", "c"])
            #expect(try await page("c", 2) == ["d"])
            #expect(shop.upstream.questions.count == questions)
            // Who begins anew is told what is new.
            _ = shop.upstream.hold(manifest, tag: "e")
            #expect(try await page(nil, nil) == ["a", "b", "c", "d", "e"])
            #expect(shop.upstream.questions.count == 2 * questions)
            shop.pass(seconds: 30)
            #expect(try await page("d", 2) == ["e"])
            #expect(shop.upstream.questions.count == 3 * questions)
            _ = try await shop.registry.purge(repository, nil)
            #expect(try await page("d", 2) == ["e"])
            #expect(shop.upstream.questions.count == 4 * questions)
        }
    }

    @Test func referrersOfUpstreamAndCacheAreMergedAndFiltered() async throws {
        try await Workshop.open { shop in
            let subject = shop.upstream.hold(manifest, tag: "v1")
            let signature = """
                {"schemaVersion":2,"artifactType":"application/sig","config":\(Self.config),"layers":[],
                 "subject":{"mediaType":"\(MediaType.imageManifest)","digest":"\(subject)","size":1}}
                """
            let held = shop.upstream.hold(signature, tag: "sig")
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, .digest(held))
            let listed = Descriptor(
                mediaType: .imageManifest, digest: Digest(hashing: ByteBuffer(string: "sbom")), size: 3,
                artifactType: "application/sbom")
            shop.upstream.hold([listed], of: subject)
            let all = try await shop.registry.referrers(repository, subject, artifactType: nil)
            #expect(all.content.map(\.artifactType) == ["application/sbom", "application/sig"])
            let sigs = try await shop.registry.referrers(repository, subject, artifactType: "application/sig")
            #expect(sigs.content.map(\.digest) == [held])
            shop.upstream.fail(.refused)
            let kept = try await shop.registry.referrers(repository, subject, artifactType: nil)
            #expect(kept.content.map(\.digest) == [held])
            #expect(kept.warning != nil)
        }
    }

    /// Bytes and type of manifests that nobody here knows, and how they are to be served.
    @Test(
        arguments: [
            (
                #"{"mediaType":"application/vnd.acme.recipe.v3+json","steps":[1,2]}"#, nil,
                "application/vnd.acme.recipe.v3+json"
            ),
            (
                #"{"mediaType":"application/vnd.acme.recipe.v3+json","config":"x","layers":{}}"#, "text/plain",
                "application/vnd.acme.recipe.v3+json"
            ),
            (
                #"{"schemaVersion":9,"steps":[]}"#, "application/vnd.acme.recipe.v3+json",
                "application/vnd.acme.recipe.v3+json"
            ),
        ] as [(String, String?, String)])
    func aManifestOfAnUnknownTypeIsPassedOnByteForByte(text: String, field: String?, type: String) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(
                text, tag: "v1", as: try #require(MediaType(field ?? "application/octet-stream")))
            let repository = try shop.repository("mirror/x")
            for reference in [try tag(), .digest(digest), .digest(digest)] {
                let served = try await shop.registry.manifest(repository, reference)
                #expect(String(buffer: served.content.bytes) == text)
                #expect(served.content.digest == digest)
                #expect(served.content.mediaType.value == type)
            }
            // It stays when the upstream goes.
            shop.upstream.fail(.refused)
            shop.pass(seconds: 61)
            #expect(try await shop.registry.manifest(repository, try tag()).content.digest == digest)
        }
    }

    @Test(arguments: [
        (#"{"mediaType":"text/html"}"#, "text/html"), (#"{"a":1}"#, "application/json"),
        ("[]", "application/vnd.a+json"),
        (#"{"a":1}"#, MediaType.imageManifest.value),
        (#"{"mediaType":"application/vnd.a+json",}"#, "application/vnd.a+json"),
        (#"{"mediaType":"application/vnd.a+json","fsLayers":[]}"#, "application/vnd.a+json"),
    ])
    func whatDoesNotSayWhatItIsIsNotPassedOn(text: String, field: String) async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(text, tag: "v1", as: try #require(MediaType(field)))
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(try shop.repository("mirror/x"), try tag())
            }
            #expect(error?.status == 502)
        }
    }
}
