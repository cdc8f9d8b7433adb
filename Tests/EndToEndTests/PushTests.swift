import Foundation
import TestSupport
import Testing

/// Real clients push to Entrepot, and docker-registry serves what they pushed from the same store.
@Suite struct PushTests {
    private static let repositories = "[repository.local]\n[repository.test]\n"

    @Test(arguments: ClientKind.enabled)
    func whatAClientPushesIsServedHereAndByDockerRegistry(kind: ClientKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repositories)
            let client = try #require(try await kind.fresh(on: stage, mirror: origin.url) as? any PushingClient)
            // One platform: what a client of one machine has whole.
            let source = PullRequest(host: origin.host, namespace: kind == .ctr ? "up.test" : nil, tag: "amd64")
            _ = try await client.pull(source)
            let target = PullRequest(host: entrepot.host, namespace: "local", name: "pushed/app", tag: "v1")
            try await client.push(source, to: target)
            let digest = try #require(
                try await entrepot.get("/v2/local/pushed/app/manifests/v1").headers["docker-content-digest"])
            let pulled = try Skopeo(stage: stage)
            #expect(try await pulled.pull(target).contains(digest))

            let reader = try await DockerRegistry.start(on: stage, store: entrepot.root)
            let direct = try Skopeo(stage: stage)
            #expect(
                try await direct.pull(PullRequest(host: reader.host, namespace: "local", name: "pushed/app", tag: "v1"))
                    .contains(digest))
            #expect(direct.blobs == pulled.blobs)
            #expect(entrepot.process.isRunning)
        }
    }

    @Test func indexesAndArtifactsArePushedWithTheirReferrers() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repositories)
            let layout = Paths.cache.appendingPathComponent("images").path
            for tag in ["multi", "artifact"] {
                try await Command(
                    "skopeo",
                    [
                        "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout):\(tag)",
                        "docker://\(entrepot.host)/local/app:\(tag)",
                    ]
                ).run()
            }
            let multi = try await entrepot.get("/v2/local/app/manifests/multi")
            #expect(multi.headers["docker-content-digest"] == images.facts.index)
            for subject in [images.facts.index, images.facts.amd64] {
                let referrers = try await entrepot.get("/v2/local/app/referrers/\(subject)")
                #expect(referrers.status == 200)
            }
            let listed =
                try await entrepot.get("/v2/local/app/referrers/\(images.facts.index)").text
                + entrepot.get("/v2/local/app/referrers/\(images.facts.amd64)").text
            #expect(listed.contains(images.facts.artifact))
        }
    }

    @Test func bothRegistriesWriteToOneStoreAndIgnoreEachOthersUploads() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let store = try await images.copyStore(to: stage)
            let entrepot = try await EntrepotServer.start(on: stage, root: store, repositories: Self.repositories)
            let registry = try await DockerRegistry.start(on: stage, store: store, isWritable: true)
            // A session of each, left open.
            for url in [entrepot.url, registry.url] {
                let begun = try await HTTPProbe.get("\(url)/v2/test/app/blobs/uploads/", method: "POST")
                #expect(begun.status == 202)
                let location = try #require(begun.headers["location"])
                let target = location.hasPrefix("/") ? url + location : location
                let sent = try await HTTPProbe.get(
                    target, headers: ["Content-Type": "application/octet-stream"], method: "PATCH",
                    options: ["--data-binary", "part"])
                #expect(sent.status == 202)
            }
            // Pushed by one, deleted by the other.
            let layout = Paths.cache.appendingPathComponent("images").path
            for (writer, tag) in [(entrepot.host, "ours"), (registry.host, "theirs")] {
                try await Command(
                    "skopeo",
                    [
                        "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout):multi",
                        "docker://\(writer)/test/app:\(tag)",
                    ]
                ).run()
            }
            for url in [entrepot.url, registry.url] {
                for tag in ["ours", "theirs", "multi"] {
                    let found = try await HTTPProbe.get(
                        "\(url)/v2/test/app/manifests/\(tag)",
                        headers: ["Accept": "application/vnd.oci.image.index.v1+json"])
                    #expect(found.status == 200, "\(tag) at \(url)")
                    #expect(found.headers["docker-content-digest"] == images.facts.index)
                }
                let tags = try await HTTPProbe.get("\(url)/v2/test/app/tags/list").text
                #expect(tags.contains("ours") && tags.contains("theirs"))
            }
            #expect(try await entrepot.get("/v2/test/app/manifests/theirs", method: "DELETE").status == 202)
            #expect(try await HTTPProbe.get("\(registry.url)/v2/test/app/manifests/theirs").status == 404)
            #expect(
                try await entrepot.get("/v2/test/app/manifests/\(images.facts.index)", method: "DELETE").status == 202)
            let accept = ["Accept": "application/vnd.oci.image.index.v1+json"]
            for tag in ["ours", "multi", images.facts.index] {
                #expect(
                    try await HTTPProbe.get("\(registry.url)/v2/test/app/manifests/\(tag)", headers: accept).status
                        == 404)
            }
        }
    }
}
