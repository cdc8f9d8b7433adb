import Foundation
import Hashing
import NIOCore
import OCI
import TestSupport
import Testing

/// A bucket in the place of a folder: real clients, and docker-registry's S3 driver on the same keys.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps")) struct BucketTests {
    @Test func whatIsPushedIsServedHereAndByDockerRegistry() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\n",
                settings: .init(storage: try moto.storage("pushed/here", on: stage)))
            let source = PullRequest(host: origin.host, tag: "amd64")
            let target = PullRequest(host: entrepot.host, namespace: "local", name: "pushed/app", tag: "v1")
            let client = try Skopeo(stage: stage)
            _ = try await client.pull(source)
            try await client.push(source, to: target)
            let digest = try #require(
                try await entrepot.get("/v2/local/pushed/app/manifests/v1").headers["docker-content-digest"])
            let pulled = try Skopeo(stage: stage)
            #expect(try await pulled.pull(target).contains(digest))
            let tags = try await entrepot.get("/v2/local/pushed/app/tags/list")
            #expect(tags.text.contains("\"v1\""))

            let reader = try await DockerRegistry.start(on: stage, driver: moto.driver("pushed/here"))
            let direct = try Skopeo(stage: stage)
            let request = PullRequest(host: reader.host, namespace: "local", name: "pushed/app", tag: "v1")
            #expect(try await direct.pull(request).contains(digest))
            #expect(direct.blobs == pulled.blobs)
        }
    }

    @Test func aBucketThatDockerRegistryWroteIsServedAsItStands() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let writer = try await DockerRegistry.start(
                on: stage, driver: moto.driver("written/there"), isWritable: true)
            for tag in ["multi", "arm64"] {
                try await Command(
                    "skopeo",
                    [
                        "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false",
                        "docker://\(origin.host)/test/app:\(tag)", "docker://\(writer.host)/test/app:\(tag)",
                    ]
                ).run()
            }
            await writer.stop()
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"test\"]\n",
                settings: .init(storage: try moto.storage("written/there", on: stage)))
            let client = try Skopeo(stage: stage)
            #expect(
                try await client.pull(PullRequest(host: entrepot.host, tag: "multi")).contains(images.facts.index))
            let tags = try await entrepot.get("/v2/test/app/tags/list")
            #expect(tags.text.contains("\"arm64\",\"multi\""))
        }
    }

    @Test func whatIsPulledThroughIsKeptForDockerRegistryToServe() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"),
                settings: .init(storage: try moto.storage("filled", on: stage)))
            let through = try Skopeo(stage: stage)
            _ = try await through.pull(PullRequest(host: entrepot.host, namespace: "up.test"))
            await upstream.stop()
            // From the bucket, and without the memory of the one that filled it.
            await entrepot.process.stop()
            let reader = try await DockerRegistry.start(on: stage, driver: moto.driver("filled"))
            let direct = try Skopeo(stage: stage)
            let pulled = try await direct.pull(PullRequest(host: reader.host, namespace: "up.test"))
            #expect(pulled.contains(images.facts.index))
            #expect(direct.blobs == through.blobs)
        }
    }

    @Test func clientsAreSentToTheBucketAndTheAddressIsInNoLog() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage, isStrict: false)
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"),
                settings: .init(
                    log: "level = \"trace\"",
                    storage: try moto.storage("sent", on: stage, further: "blob_redirect = \"always\"")))
            let request = PullRequest(host: entrepot.host, namespace: "up.test")
            _ = try await Skopeo(stage: stage).pull(request)
            var addresses = 0
            for layer in images.facts.layers {
                let path = "/v2/up.test/test/app/blobs/\(layer)"
                let answer = try await entrepot.get(path)
                let kept = try await HTTPProbe.get(entrepot.url + path, headers: ["X-Entrepot-No-Redirect": "1"])
                #expect(kept.status == 200)
                guard answer.status == 307 else { continue }
                addresses += 1
                let address = try #require(answer.headers["location"])
                #expect(address.hasPrefix("http://127.0.0.1:\(moto.port)/"))
                #expect(try await HTTPProbe.get(address).body == kept.body)
                let part = try await HTTPProbe.get(address, headers: ["Range": "bytes=5-9"])
                #expect(part.status == 206 && part.body == kept.body[5..<10])
                #expect(try await HTTPProbe.get(String(address.prefix { $0 != "?" })).status == 403)
            }
            #expect(addresses > 0)
            #expect(try await entrepot.get("/v2/up.test/test/app/manifests/multi").status == 200)
            _ = try await Skopeo(stage: stage).pull(request)
            #expect(!entrepot.process.output.contains("X-Amz-"))
            #expect(!entrepot.process.output.contains(moto.secretKey))
        }
    }

    @Test func aStoreIsCarriedIntoABucketAndBack() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let folder = try await images.copyStore(to: stage)
            let back = try stage.makeDirectory("back").path
            func copy(_ from: String, _ to: String) async throws -> (status: TestSupport.ExitStatus, output: String) {
                let files = try [from, to].map { try stage.write($0, to: "copy-\(UUID().uuidString).toml").path }
                return try await Command(
                    Paths.entrepot.path, ["storage", "copy", "--from", files[0], "--to", files[1]]
                ).outcome(within: .seconds(120))
            }
            let local = "[storage.fs]\nroot_dir = \"\(folder.path)\""
            let bucket = try moto.storage("carried", on: stage)
            let other = try moto.storage("carried-on", on: stage)
            for (from, to) in [(local, bucket), (bucket, other), (other, "[storage.fs]\nroot_dir = \"\(back)\"")] {
                let outcome = try await copy(from, to)
                #expect(outcome.status == .success && outcome.output.contains("all is there"), "\(outcome)")
            }
            let again = try await copy(local, bucket)
            #expect(again.output.contains("0 contents (0 MiB) and 0 links carried"), "\(again)")

            for reader in [
                try await DockerRegistry.start(on: stage, driver: moto.driver("carried")),
                try await DockerRegistry.start(on: stage, store: URL(filePath: back)),
            ] {
                let client = try Skopeo(stage: stage)
                let pulled = try await client.pull(PullRequest(host: reader.host, tag: "multi"))
                #expect(pulled.contains(images.facts.index))
            }
        }
    }

    @Test func whatWasReadOnceIsServedFromDiskEvenAfterARestart() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let hot = try stage.makeDirectory("hot").path
            func start(_ further: String) async throws -> EntrepotServer {
                try await EntrepotServer.start(
                    on: stage,
                    repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"),
                    settings: .init(storage: try moto.storage("hot", on: stage) + "\n" + further))
            }
            // One server fills the bucket; the others have never seen the content.
            let filler = try await start("")
            let request = PullRequest(host: filler.host, namespace: "up.test")
            let first = try Skopeo(stage: stage)
            _ = try await first.pull(request)
            await filler.process.stop()
            let cache = "[storage.cache]\ndirectory = \"\(hot)\"\nmax_size = \"1GiB\""
            for round in 0..<3 {
                let entrepot = try await start(cache)
                let client = try Skopeo(stage: stage)
                _ = try await client.pull(PullRequest(host: entrepot.host, namespace: "up.test"))
                #expect(client.blobs == first.blobs, "round \(round)")
                await entrepot.process.stop()
                let files = try FileManager.default.subpathsOfDirectory(atPath: hot).filter { $0.contains(".") }
                #expect(!files.isEmpty)
                // A damaged file is noticed: what is served is right all the same.
                if round == 1, let file = files.first, let handle = FileHandle(forUpdatingAtPath: "\(hot)/\(file)") {
                    try handle.write(contentsOf: Data("damage".utf8))
                    try handle.close()
                }
            }
        }
    }

    @Test func aBlobWhoseDigestIsKnownIsNotCopied() async throws {
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\n",
                settings: .init(storage: try moto.storage("direct", on: stage)))
            let content = ByteBuffer.pattern(count: 20_000_000)
            let digest = Digest(hashing: content)
            let data = Data(content.readableBytesView)
            func put(_ body: Data, _ digest: Digest) async throws -> Int {
                let file = try stage.makeDirectory("body").appendingPathComponent("blob")
                try body.write(to: file)
                let begun = try await HTTPProbe.get(entrepot.url + "/v2/local/app/blobs/uploads/", method: "POST")
                let location = try #require(begun.headers["location"])
                let target = location.hasPrefix("http") ? location : entrepot.url + location
                return try await HTTPProbe.get(
                    target + (target.contains("?") ? "&" : "?") + "digest=\(digest)", method: "PUT",
                    options: ["--data-binary", "@\(file.path)", "-H", "Content-Type: application/octet-stream"]
                ).status
            }
            #expect(try await put(data.dropLast() + [0], digest) == 400)
            #expect(try await entrepot.get("/v2/local/app/blobs/\(digest)").status == 404)
            #expect(try await put(data, digest) == 201)
            #expect(try await entrepot.get("/v2/local/app/blobs/\(digest)").body == data)
            #expect(!moto.process.output.contains("data/upload"))
        }
    }

    /// As Docker pushes: a look, the content, the digest, a look; and one whether the blob is there, which is not to be written over.
    /// docker-registry takes 25 requests for a small blob.
    @Test(arguments: [(66, 16), (3 << 20, 17), (20_000_000, 23)])
    func aPushedBlobCostsFewRequests(size: Int, most: Int) async throws {
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\n",
                settings: .init(storage: try moto.storage("counted", on: stage)))
            let content = ByteBuffer.pattern(count: size)
            let digest = Digest(hashing: content)
            let file = try stage.makeDirectory("body").appendingPathComponent("blob")
            try Data(content.readableBytesView).write(to: file)
            // Not those of the start.
            let places = ["repositories/local/", "/blobs/sha256/", "/collection/", "?delete="]
            func requests() -> Int {
                moto.process.output.split(separator: "\n").count { line in places.contains { line.contains($0) } }
            }
            func location(_ response: HTTPProbe.Answer) throws -> String {
                let location = try #require(response.headers["location"])
                return location.hasPrefix("http") ? location : entrepot.url + location
            }
            let blob = entrepot.url + "/v2/local/app/blobs/\(digest)"
            #expect(try await HTTPProbe.get(blob, method: "HEAD").status == 404)
            let begun = try await HTTPProbe.get(entrepot.url + "/v2/local/app/blobs/uploads/", method: "POST")
            let sent = try await HTTPProbe.get(
                try location(begun), method: "PATCH",
                options: ["--data-binary", "@\(file.path)", "-H", "Content-Type: application/octet-stream"])
            #expect(sent.status == 202)
            let target = try location(sent)
            let put = try await HTTPProbe.get(
                target + (target.contains("?") ? "&" : "?") + "digest=\(digest)", method: "PUT",
                options: ["-H", "Content-Length: 0"])
            #expect(put.status == 201)
            let held = try await HTTPProbe.get(blob, method: "HEAD")
            #expect(held.status == 200 && held.headers["content-length"] == "\(size)")
            #expect(requests() <= most, "\(moto.process.output)")
            #expect(try await entrepot.get("/v2/local/app/blobs/\(digest)").body == Data(content.readableBytesView))
        }
    }

    @Test func aStoreIsTriedFromTheCommandLine() async throws {
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage, isStrict: false)
            func test(_ storage: String) async throws -> (status: TestSupport.ExitStatus, output: String) {
                let file = try stage.write(storage, to: "test-\(UUID().uuidString).toml")
                return try await Command(Paths.entrepot.path, ["-c", file.path, "storage", "test"])
                    .outcome(within: .seconds(60))
            }
            for storage in [
                try moto.storage("tried", on: stage),
                "[storage.fs]\nroot_dir = \"\(try stage.makeDirectory("fs").path)\"",
            ] {
                let outcome = try await test(storage)
                #expect(outcome.status == .success, "\(outcome)")
                #expect(!outcome.output.contains("FAILED") && !outcome.output.contains("odd"), "\(outcome)")
            }
            let wrong = try await test(
                try moto.storage("tried", on: stage).replacing(MotoServer.bucket, with: "no-such-bucket"))
            #expect(wrong.status == .exited(1))
            #expect(wrong.output.contains("NoSuchBucket") && wrong.output.contains("create the bucket"), "\(wrong)")
        }
    }
}
