import Bundle
import Foundation
import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Transfer

/// From one site to another.
@Suite struct CarryTests {
    private let outside: Site
    private let inside: Site
    private let image = Site.Image(layers: ["base", "app"], config: #"{"os":"linux"}"#)

    init() throws {
        outside = try Site()
        inside = try Site()
    }

    @Test func anImageArrivesWithItsTagsAndItsSignatures() async throws {
        let digest = try await outside.push(image, "local/app", tag: "1.0")
        try await outside.push(image, "local/app", tag: "latest")
        let signature = Site.Image(layers: ["signature"], subject: digest)
        let signed = try await outside.push(signature, "local/app")
        let old = Tag(referrersOf: digest).value + ".sig"
        try await outside.push(Site.Image(layers: ["cosign"]), "local/app", tag: old)

        let report = try await inside.take(try await outside.export(["local/app:1.0", "local/app:latest"]).path)
        #expect(report.images.map(\.description) == ["local/app:1.0", "local/app:latest", "local/app:\(old)"])
        let name = try required(RepositoryName("local/app"))
        #expect(try await inside.store.tag(try required(Tag("1.0")), in: name)?.digest == digest)
        #expect(try await inside.problems(["local/"]) == [])
        let referrers = try await inside.store.referrers(of: digest, in: name, unreadable: { _ in })
        #expect(referrers.map(\.digest) == [signed])
        #expect(try await inside.store.isKeptWhole(name))
        #expect(try await inside.store.wasVisited(since: 1_000_000))
    }

    @Test func aMirrorsImageStaysThoughItsUpstreamIsNeverAsked() async throws {
        let digest = try await outside.push(image, "docker.io/library/app", tag: "1.0")
        _ = try await inside.take(try await outside.export(["docker.io/app:1.0"]).path)
        let name = try required(RepositoryName("docker.io/library/app"))
        #expect(try await inside.store.isKept(digest, in: name))
        #expect(try await inside.problems(["docker.io/library/app:1.0"]) == [])
    }

    @Test func ofAnIndexTheImagesThatAreHeldArrive() async throws {
        let other = Site.Image(layers: ["other platform"])
        try await outside.push(image, "local/app")
        try await outside.pushIndex([image, other], "local/app", tag: "multi")
        let (path, plan) = try await outside.export(["local/app:multi"])
        #expect(plan.catalogue.repositories.map(\.leftOut) == [[other.digest]])
        _ = try await inside.take(path)
        #expect(try await inside.problems(["local/app:multi"]) == [])
        let strict = try await BundlePlan(
            outside.store, try await outside.images(["local/app:multi"]), wantsAllPlatforms: true)
        #expect(strict.incomplete.count == 1)
    }

    @Test func anIndexOfBlobsArrivesWhole() async throws {
        try await outside.pushIndex(ofBlobs: ["layer", "settings"], "local/app", tag: "buildcache")
        #expect(try await outside.problems(["local/app:buildcache"]) == [])
        let (path, plan) = try await outside.export(["local/app:buildcache"])
        #expect(plan.catalogue.contents.count == 3)
        _ = try await inside.take(path)
        #expect(try await inside.problems(["local/app:buildcache"]) == [])
        let name = try required(RepositoryName("local/app"))
        let layer = Digest(hashing: ByteBuffer(string: "layer"))
        #expect(try await inside.store.isGranted(layer, in: name))
        // Without one of them it is not whole.
        try await inside.store.removeGrant(layer, in: name)
        #expect(try await inside.problems(["local/app:buildcache"]) == [.notGranted])
    }

    @Test func aDeltaIsWhatTheOtherSideLacks() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        let (first, whole) = try await outside.export(["local/app:*"], to: "first")
        let next = Site.Image(layers: ["base", "app, changed"], config: image.config)
        let digest = try await outside.push(next, "local/app", tag: "1.1")
        guard case .bundle(let reader) = try Archive(path: first) else { throw Absent() }
        let (delta, plan) = try await outside.export(
            ["local/app:1.1"], to: "delta", have: Set(whole.catalogue.all.map(\.digest)), base: reader.digest)
        #expect(plan.catalogue.contents.count == 2)
        #expect(plan.catalogue.base == reader.digest)

        let early = try await #require(throws: BundleError.self) { try await inside.take(delta) }
        #expect(early.code == .baseMissing)
        #expect(early.remedy.contains(reader.digest.description))
        #expect(inside.visible == [])
        _ = try await inside.take(first)
        let report = try await inside.take(delta)
        #expect(report.contents == 2)
        #expect(try await inside.problems(["local/app:*"]) == [])
        let tag = try await inside.store.tag(try required(Tag("1.1")), in: try required(RepositoryName("local/app")))
        #expect(tag?.digest == digest)
    }

    @Test func anImportThatBrokeOffGoesOn() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        let path = try await outside.export(["local/app:1.0"]).path
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let cut = inside.directory.file("cut")
        try bytes.prefix(bytes.count - 2048).write(to: URL(fileURLWithPath: cut))
        await #expect(throws: BundleError.self) { try await inside.take(cut) }
        #expect(inside.visible == [])
        let report = try await inside.take(path)
        #expect(report.held > 0 && report.contents > 0)
        #expect(try await inside.problems(["local/app:1.0"]) == [])
    }

    /// As many as `ENTREPOT_DAMAGES` says; few by default, as they keep processors from tests with sockets.
    @Test func ofManyDamagesNoneBecomesVisible() async throws {
        let count = ProcessInfo.processInfo.environment["ENTREPOT_DAMAGES"].flatMap { Int($0) } ?? 50
        try await outside.push(image, "local/app", tag: "1.0")
        let path = try await outside.export(["local/app:1.0"]).path
        let right = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<count {
            var wrong = right
            let position = Int.random(in: 0..<right.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: wrong.removeSubrange(position...)
            case 1: wrong.removeSubrange(position..<min(position + 512, wrong.count))
            case 2:
                let end = min(position + 512, wrong.count)
                let other = (0..<end - position).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
                guard other != Array(wrong[position..<end]) else { continue }
                wrong.replaceSubrange(position..<end, with: other)
            default: wrong[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            // Others wait for the threads of the tests.
            await Task.yield()
            let site = try Site()
            let damaged = site.directory.file("damaged")
            try Data(wrong).write(to: URL(fileURLWithPath: damaged))
            await #expect(throws: BundleError.self, "at \(position)") { try await site.take(damaged) }
            #expect(site.visible == [])
        }
    }

    @Test func whatNoNamespaceTakesIsRefusedBeforeItIsRead() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        let path = try await outside.export(["local/app:1.0"]).path
        let prefix = try required(RepositoryName("elsewhere"))
        let error = try await #require(throws: BundleError.self) {
            try await inside.take(path, ImportNaming(prefix: prefix))
        }
        #expect(error.message.contains("elsewhere/local/app"))
        #expect(inside.memory.keys.allSatisfy { !$0.contains("/blobs/") })
        let below = try await inside.take(path, ImportNaming(prefix: try required(RepositoryName("local/site"))))
        #expect(below.images.map(\.description) == ["local/site/local/app:1.0"])
    }

    @Test func anImageThatIsNotWholeIsNotExported() async throws {
        let digest = try await outside.push(image, "local/app", tag: "1.0")
        let name = try required(RepositoryName("local/app"))
        let layer = Digest(hashing: ByteBuffer(string: "app"))
        try await outside.store.removeGrant(layer, in: name)
        let plan = try await BundlePlan(outside.store, try await outside.images(["local/app:1.0"]))
        #expect(plan.catalogue.contents.isEmpty)
        #expect(
            plan.incomplete.first?.graph.problems == [
                GraphProblem(kind: .notGranted, digest: layer, parent: digest)
            ])
    }

    @Test func whatTheStoreHasWrongIsNotCarried() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        let plan = try await BundlePlan(outside.store, try await outside.images(["local/app:1.0"]))
        outside.memory.falsifyOnce(RegistryLayout.blob(Digest(hashing: ByteBuffer(string: "app"))))
        let path = outside.directory.file("bundle")
        let writer = try BundleWriter(.file(path, volumeSize: nil), plan.catalogue)
        await #expect(throws: BundleError.self) {
            try await BundleExport(outside.store).run(plan.catalogue, into: writer)
        }
        #expect(outside.directory.files().filter { $0.hasPrefix("bundle") } == [])
        withExtendedLifetime(writer) {}
    }

    /// Hauler has an image's signatures under the image's own name, and tells them apart by an annotation.
    @Test(arguments: ["dev.hauler", "dev.cosignproject.cosign"])
    func signaturesOfAnotherToolsLayoutGetTheNamesThatClientsLookFor(kind: String) async throws {
        let signature = Site.Image(layers: ["signature"])
        let referrer = Site.Image(layers: ["attestation"], subject: image.digest)
        let folder = outside.directory.file("haul")
        let name = "index.docker.io/library/app:1"
        // Signatures come first, to show that nothing depends on it.
        let path = try Layout.write(
            [
                (signature, ["kind": "\(kind)/sigs", "io.containerd.image.name": name]),
                (image, ["kind": "\(kind)/image", "io.containerd.image.name": name]),
                (referrer, ["kind": "\(kind)/referrers/\(referrer.digest.hex)", "io.containerd.image.name": name]),
            ], to: folder)
        let report = try await inside.take(path)
        let old = Tag(referrersOf: image.digest).value + ".sig"
        #expect(
            report.images.map(\.description).sorted() == [
                "docker.io/library/app:1", "docker.io/library/app:\(old)",
            ])
        let repository = try required(RepositoryName("docker.io/library/app"))
        #expect(try await inside.store.tag(try required(Tag("1")), in: repository)?.digest == image.digest)
        #expect(try await inside.store.tag(try required(Tag(old)), in: repository)?.digest == signature.digest)
        let referrers = try await inside.store.referrers(of: image.digest, in: repository, unreadable: { _ in })
        #expect(referrers.map(\.digest) == [referrer.digest])
    }

    /// What an image is does not depend on what was looked at before it.
    @Test func indexesThatLieTooDeepAreToldWhateverWasLookedAtBefore() async throws {
        try await outside.pushNested(image, in: 9, "local/app")
        let names = (1...9).map { "local/app:deep\($0)" }
        for order in [names, names.reversed()] {
            var images: [HeldImages.Image] = []
            for name in order { images += try await outside.images([name]) }
            var found: [String: Set<GraphProblem.Kind>] = [:]
            try await Verification(outside.store).run(images) { finding in
                found[finding.image.name.description] = Set(finding.graph.problems.map(\.kind))
            }
            for (number, name) in names.enumerated() {
                #expect(found[name] == (number < 7 ? [] : [.tooDeep]), "\(name)")
            }
        }
    }

    /// What Docker's archive does not tell of a layer is told by its first bytes, read now or before.
    @Test func anArchiveOfDockersIsTheSameImageWhenItsLayersAreThere() async throws {
        let folder = outside.directory.file("docker")
        try FileManager.default.createDirectory(atPath: "\(folder)/blobs/sha256", withIntermediateDirectories: true)
        var names: [String] = []
        for bytes in [Data([0x1F, 0x8B]) + Data("layer".utf8), Data(#"{"os":"linux"}"#.utf8)] {
            names.append("blobs/sha256/\(Digest(hashing: ByteBuffer(bytes: bytes)).hex)")
            try bytes.write(to: URL(filePath: "\(folder)/\(names.last ?? "")"))
        }
        try Data(#"[{"Config":"\#(names[1])","RepoTags":["app:1"],"Layers":["\#(names[0])"]}]"#.utf8)
            .write(to: URL(filePath: "\(folder)/manifest.json"))
        let path = outside.directory.file("docker.tar")
        try await Command("tar", ["-C", folder, "-cf", path, "manifest.json", "blobs"]).run()
        let name = try required(RepositoryName("docker.io/library/app"))
        var digests: Set<Digest> = []
        for held in [0, 2] {
            let report = try await inside.take(path)
            #expect(report.held == held)
            digests.insert(try required(try await inside.store.tag(try required(Tag("1")), in: name)).digest)
        }
        #expect(digests.count == 1)
        let manifest = try await inside.store.manifest(try required(digests.first), in: name)
        #expect(String(buffer: try required(manifest).bytes).contains("layer.v1.tar+gzip"))
    }

    @Test func aLayoutWithTwoImagesOfOneNameIsRefused() async throws {
        let name = ["org.opencontainers.image.ref.name": "local/app:1"]
        let path = try Layout.write(
            [(image, name), (Site.Image(layers: ["other"]), name)], to: outside.directory.file("twice"))
        let error = try await #require(throws: BundleError.self) { try await inside.take(path) }
        #expect(error.code == .refused && error.message.contains("local/app:1"))
        #expect(inside.visible == [])
    }

    @Test func missingTagsAndManifestsAreTold() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        #expect(try await outside.problems(["local/app:2.0"]) == [.tagMissing])
        let absent = Site.Image(layers: ["absent"]).digest
        #expect(try await outside.problems(["local/app@\(absent)"]) == [.manifestMissing])
        #expect(try await outside.problems(["local/app:1.*", "local/", "local/app:1.0"]) == [])
    }

    @Test func aPatternThatMeansNothingIsToldBesideOthersThatDo() async throws {
        try await outside.push(image, "local/app", tag: "1.0")
        let patterns = try ["local/app:1.*", "local/app:2.*", "local/", "elsewhere/", "elsewhere/app:1*"].map {
            try required(ImagePattern($0))
        }
        let chosen = try await HeldImages(outside.store, outside.namespaces).matching(patterns)
        #expect(chosen.images.map(\.name.description) == ["local/app:1.0"])
        #expect(chosen.unmatched == [patterns[1], patterns[3], patterns[4]])
    }
}
