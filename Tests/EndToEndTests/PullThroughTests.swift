import Foundation
import TestSupport
import Testing

/// The one sentence: a client points at Entrepot, pulls, the bytes come from the upstream once and from the cache ever after.
@Suite struct PullThroughTests {
    private static let namespace = "up.test"

    @Test(arguments: UpstreamKind.allCases, ClientKind.enabled)
    func theFirstPullComesFromTheUpstreamAndTheSecondFromTheCache(
        kind: UpstreamKind, client: ClientKind
    ) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(kind, on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: Self.repository(upstream),
                settings: .init(defaultRepository: Self.namespace))
            let request = PullRequest(host: entrepot.host, namespace: Self.namespace)

            let cold = try await client.fresh(on: stage, mirror: entrepot.url).pull(request)
            #expect(cold.contains(images.facts.index))
            let asked = upstream.requests
            for layer in images.facts.layers {
                let gets = asked.filter { $0 == "GET /v2/test/app/blobs/\(layer)" }
                #expect(gets.count == 1, "\(layer) was fetched \(gets.count) times")
            }

            await upstream.stop()
            let warm = try await client.fresh(on: stage, mirror: entrepot.url).pull(request)
            #expect(warm.contains(images.facts.index))
            #expect(entrepot.process.isRunning)
        }
    }

    @Test func skopeoCopiesBothPlatformsFromTheCache() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repository(upstream))
            let request = PullRequest(host: entrepot.host, namespace: Self.namespace)
            let expected = Set([images.facts.index, images.facts.amd64, images.facts.arm64] + images.facts.layers)

            let cold = try Skopeo(stage: stage)
            _ = try await cold.pull(request)
            #expect(cold.blobs.isSuperset(of: expected))
            await upstream.stop()
            let warm = try Skopeo(stage: stage)
            _ = try await warm.pull(request)
            #expect(warm.blobs == cold.blobs)
        }
    }

    @Test func dockerPullsBareLibraryNamesThroughTheDefaultRepository() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: Self.repository(upstream),
                settings: .init(defaultRepository: Self.namespace))
            let docker = try await DockerDaemon(stage: stage, mirror: entrepot.url)
            let request = PullRequest(host: entrepot.host, name: "library/app", tag: "latest")
            #expect(try await docker.pull(request).contains(images.facts.amd64))
            #expect(upstream.requests.contains { $0.hasSuffix("/v2/library/app/manifests/latest") })

            await upstream.stop()
            try await docker.remove("app:latest")
            #expect(try await docker.pull(request).contains(images.facts.amd64))
        }
    }

    @Test func containerdMayNameTheNamespaceInThePathAsWell() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repository(upstream))
            let request = PullRequest(host: entrepot.host, namespace: Self.namespace)
            let cold = try await Containerd(stage: stage, overridesPath: true)
            #expect(try await cold.pull(request).contains(images.facts.index))
            await upstream.stop()
            let warm = try await Containerd(stage: stage, overridesPath: true)
            #expect(try await warm.pull(request).contains(images.facts.index))
        }
    }

    @Test func theNamespaceParameterIsEchoed() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repository(upstream))
            let answer = try await entrepot.get("/v2/test/app/manifests/multi?ns=\(Self.namespace)")
            #expect(answer.status == 200)
            #expect(answer.headers["oci-namespace"] == Self.namespace)
            #expect(answer.headers["docker-content-digest"] == images.facts.index)
        }
    }

    @Test func anArtifactAndItsReferrersPass() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repository(upstream))
            let base = "/v2/\(Self.namespace)/test/app"

            let referrers = try await entrepot.get("\(base)/referrers/\(images.facts.index)")
            #expect(referrers.status == 200)
            #expect(referrers.headers["content-type"] == "application/vnd.oci.image.index.v1+json")
            #expect(referrers.text.contains(images.facts.artifact))
            let artifact = try await entrepot.get("\(base)/manifests/\(images.facts.artifact)")
            #expect(artifact.status == 200)
            #expect(artifact.text.contains(images.facts.artifactType))
            // Held manifests are served without their upstream only as long as what they name is held too.
            let fields = try #require(try JSONSerialization.jsonObject(with: artifact.body) as? [String: Any])
            for layer in try #require(fields["layers"] as? [[String: Any]]) {
                let digest = try #require(layer["digest"] as? String)
                #expect(try await entrepot.get("\(base)/blobs/\(digest)").status == 200)
            }

            // What was seen before is still found, and the artifact held, when the upstream is gone.
            await upstream.stop()
            let again = try await entrepot.get("\(base)/referrers/\(images.facts.index)")
            #expect(again.status == 200)
            #expect(again.text.contains(images.facts.artifact))
            #expect(try await entrepot.get("\(base)/manifests/\(images.facts.artifact)").body == artifact.body)
        }
    }

    @Test func tagsComeFromTheUpstream() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repository(upstream))
            let answer = try await entrepot.get("/v2/\(Self.namespace)/test/app/tags/list")
            #expect(answer.status == 200)
            for tag in ["amd64", "arm64", "latest", "multi"] {
                #expect(answer.text.contains("\"\(tag)\""))
            }
            #expect(answer.text.contains("\"\(Self.namespace)/test/app\""))
        }
    }

    /// `tag_ttl` is nothing, so that the warm pull has to bear the upstream's silence and not merely not ask.
    private static func repository(_ upstream: DockerRegistry) -> String {
        """
        [repository."\(namespace)"]
        tag_ttl = "0s"
        \(upstream.configuration(namespace: namespace))
        """
    }
}
