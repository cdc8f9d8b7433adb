import Foundation
import TestSupport
import Testing

/// An operator can put Entrepot in front of an existing docker-registry volume, and go back.
@Suite struct StoreExchangeTests {
    @Test func aStoreThatDockerRegistryWroteIsServedAsItStands() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let store = try await images.copyStore(to: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, root: store, repositories: "[repository.\"test\"]\n")
            let client = try Skopeo(stage: stage)
            #expect(try await client.pull(PullRequest(host: entrepot.host)).contains(images.facts.index))
            let tags = try await entrepot.get("/v2/test/app/tags/list")
            #expect(tags.status == 200)
            #expect(tags.text.contains("\"arm64\""))
        }
    }

    @Test func dockerRegistryServesWhatEntrepotWrote() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"))
            let request = PullRequest(host: entrepot.host, namespace: "up.test")
            let through = try Skopeo(stage: stage)
            _ = try await through.pull(request)
            await upstream.stop()
            await entrepot.process.stop()

            let reader = try await DockerRegistry.start(on: stage, store: entrepot.root)
            let direct = try Skopeo(stage: stage)
            let pulled = try await direct.pull(PullRequest(host: reader.host, namespace: "up.test"))
            #expect(pulled.contains(images.facts.index))
            #expect(direct.blobs == through.blobs)
        }
    }
}
