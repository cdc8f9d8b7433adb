import Foundation
import TestSupport
import Testing

/// The clients and upstreams on their own, without Entrepot: when one of these fails, look at the machine first.
@Suite struct RecipeTests {
    @Test(arguments: ClientKind.enabled)
    func aClientPullsFromARegistryDirectly(client: ClientKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let registry = try await DockerRegistry.start(on: stage, store: images.store)
            let name = client == .docker ? "library/app" : "test/app"
            let tag = client == .docker ? "latest" : "multi"
            let session = try await client.fresh(on: stage, mirror: registry.url)
            let recorded = try await session.pull(PullRequest(host: registry.host, name: name, tag: tag))
            #expect(recorded.contains(client == .docker ? images.facts.amd64 : images.facts.index))
        }
    }

    @Test(arguments: UpstreamKind.allCases)
    func anUpstreamAdmitsWhomItShouldAndNobodyElse(kind: UpstreamKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let registry = try await DockerRegistry.start(kind, on: stage, store: images.store)
            let manifest = "\(registry.url)/v2/test/app/manifests/multi"
            var options: [String] = []
            if kind == .clientCertificate, let certificates = registry.certificates {
                options = ["--cert", certificates.clientCertificate.path, "--key", certificates.clientKey.path]
            }
            let authority = registry.certificates?.authority
            let accept = ["Accept": "application/vnd.oci.image.index.v1+json"]
            let answer = try await HTTPProbe.get(manifest, headers: accept, authority: authority, options: options)
            #expect(answer.status == (kind.usesPassword ? 401 : 200))
            if kind == .clientCertificate {
                let without = try await HTTPProbe.get(manifest, authority: authority)
                #expect(without.status == 0)
            }
            if kind.usesPassword {
                let pulled = try await Skopeo(stage: stage).pull(
                    PullRequest(
                        host: registry.host, credentials: (DockerRegistry.user, DockerRegistry.password)))
                #expect(pulled.contains(images.facts.index))
            }
        }
    }
}
