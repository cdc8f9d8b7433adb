import Foundation
import TestSupport
import Testing

/// A server that finds a full store, and nobody to ask.
@Suite struct ColdStartTests {
    @Test(arguments: ["offline = true", "tag_ttl = \"0s\"", ""])
    func aServerThatNeverSawItsUpstreamServesWhatIsHeld(settings: String) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            // As docker-registry wrote it: nothing says when an upstream last confirmed these tags.
            let entrepot = try await EntrepotServer.start(
                on: stage, root: try await images.copyStore(to: stage),
                repositories: """
                    [repository.test]
                    \(settings)
                    [[repository.test.upstream]]
                    url = "http://127.0.0.1:\(FreePorts.next())"
                    """)
            #expect(try await entrepot.command("healthcheck").status == .success)
            for (tag, digest) in [("multi", images.facts.index), ("amd64", images.facts.amd64)] {
                let skopeo = try Skopeo(stage: stage)
                let pulled = try await skopeo.pull(
                    PullRequest(host: entrepot.host, namespace: "test", name: "app", tag: tag))
                #expect(pulled.contains(digest))
                #expect(skopeo.blobs.isSuperset(of: images.facts.layers))
                let answer = try await entrepot.get("/v2/test/app/manifests/\(tag)")
                #expect(answer.status == 200)
                #expect(answer.headers["warning"]?.hasPrefix("299 - \"") == true)
                #expect(answer.headers["cache-status"] == "entrepot; fwd=stale")
            }
            // What is not held is an honest failure.
            let absent = try await entrepot.get("/v2/test/app/manifests/absent")
            #expect(absent.status == (settings.hasPrefix("offline") ? 503 : 502))
        }
    }
}
