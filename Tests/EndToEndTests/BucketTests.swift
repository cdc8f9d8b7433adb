import Foundation
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
}
