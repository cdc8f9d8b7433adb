import Foundation
import TestSupport
import Testing

/// Upstreams that die, in the middle of a blob or after it.
@Suite struct UpstreamOutageTests {
    private static let namespace = "up.test"

    @Test(arguments: ClientKind.enabled.filter { [.ctr, .podman, .skopeo].contains($0) })
    func whatTheFirstUpstreamLeavesUnfinishedTheSecondServes(client: ClientKind) async throws {
        let image = try await LargeImage.ready
        try await Stage.with { stage in
            let first = try await DockerRegistry.start(on: stage, store: image.store)
            let second = try await DockerRegistry.start(on: stage, store: image.store)
            let gate = try await GateProxy.start(on: stage, before: first, bytes: image.facts.size / 2)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    [repository."\(Self.namespace)"]
                    [[repository."\(Self.namespace)".upstream]]
                    url = "\(gate.url)"
                    \(second.configuration(namespace: Self.namespace))
                    """)
            let puller = try await client.fresh(on: stage, mirror: entrepot.url)
            let request = PullRequest(
                host: entrepot.host, namespace: Self.namespace, name: "test/large", tag: "latest")
            async let pulled = puller.pull(request)
            #expect(try await gate.isHolding(), "the first upstream never came to the middle of the blob")
            await first.kill()
            #expect(try await pulled.contains(image.facts.manifest))

            // Its digest was verified on the way into the store, and by the client.
            #expect(entrepot.holds(image.facts.layer))
            let path = "GET /v2/test/large/blobs/\(image.facts.layer)"
            #expect(first.requests.filter { $0 == path }.count <= 1)
            let rest = second.answers.filter { $0.request == path }
            #expect(rest.map(\.status) == [206])
            let served = rest.reduce(0) { $0 + $1.bytes }
            // What the heads of its answers take is missing from the first upstream's half.
            let half = image.facts.size / 2
            #expect((half..<half + 65_536).contains(served), "the second served \(served) bytes")
        }
    }

    @Test(arguments: ClientKind.enabled)
    func withEveryUpstreamStoppedWhatWasPulledBeforeStillPulls(client: ClientKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstreams = [
                try await DockerRegistry.start(on: stage, store: images.store),
                try await DockerRegistry.start(on: stage, store: images.store),
            ]
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"\(Self.namespace)\"]\ntag_ttl = \"0s\"\n"
                    + upstreams.map { $0.configuration(namespace: Self.namespace) }.joined(),
                settings: .init(defaultRepository: Self.namespace))
            let wanted = [
                ("test/app", "multi", images.facts.index), ("test/app", "amd64", images.facts.amd64),
                ("test/app", "latest", images.facts.amd64), ("library/app", "latest", images.facts.amd64),
            ]
            func pullAll() async throws {
                let puller = try await client.fresh(on: stage, mirror: entrepot.url)
                for (name, tag, digest) in wanted {
                    let request = PullRequest(host: entrepot.host, namespace: Self.namespace, name: name, tag: tag)
                    let known = try await puller.pull(request)
                    // buildah records one digest for an image that came under several.
                    let isKnown = known.contains(digest) || client == .buildah && known.contains(images.facts.index)
                    #expect(isKnown, "\(name):\(tag)")
                }
            }
            try await pullAll()
            // The client had the last image's layers from another repository, and did not ask for them.
            let isWhole = try await eventually(within: .seconds(30)) {
                images.facts.layers.allSatisfy {
                    entrepot.grants($0, to: "\(Self.namespace)/library/app")
                } ? true : nil
            }
            #expect(isWhole == true)
            for upstream in upstreams { await upstream.stop() }
            try await pullAll()
            #expect(entrepot.process.isRunning)
        }
    }
}
