import Foundation
import TestSupport
import Testing

/// Entrepot's own side speaking TLS, as most clusters will have it.
@Suite struct EdgeTLSTests {
    @Test(arguments: ClientKind.enabled.filter { $0 != .docker })
    func aClientPullsOverTLS(client: ClientKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (upstream, entrepot) = try await Self.start(on: stage, images: images, authentication: nil)
            let request = PullRequest(
                host: entrepot.host, namespace: "up.test", certificates: entrepot.certificates)
            let cold = try await client.fresh(on: stage, mirror: entrepot.url).pull(request)
            #expect(cold.contains(images.facts.index))
            await upstream.stop()
            let warm = try await client.fresh(on: stage, mirror: entrepot.url).pull(request)
            #expect(warm.contains(images.facts.index))
        }
    }

    @Test func aRequiredClientCertificateIsRequired() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (_, entrepot) = try await Self.start(on: stage, images: images, authentication: "required")
            let certificates = try #require(entrepot.certificates)
            let path = "/v2/up.test/test/app/manifests/multi"
            #expect(try await entrepot.get(path).status == 0)
            let presented = [
                "--cert", certificates.clientCertificate.path, "--key", certificates.clientKey.path,
            ]
            #expect(try await entrepot.get(path, options: presented).status == 200)

            let strangers = try await Certificates.make(on: stage)
            let foreign = ["--cert", strangers.clientCertificate.path, "--key", strangers.clientKey.path]
            #expect(try await entrepot.get(path, options: foreign).status == 0)
        }
    }

    @Test func oldProtocolVersionsAreRefused() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (_, entrepot) = try await Self.start(on: stage, images: images, authentication: nil)
            let old = ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]
            #expect(try await entrepot.get("/v2/", options: old).status == 0)
            #expect(try await entrepot.get("/v2/", options: ["--tlsv1.2", "--tls-max", "1.2"]).status == 200)
            #expect(try await entrepot.get("/v2/", options: ["--tlsv1.3"]).status == 200)
        }
    }

    private static func start(
        on stage: Stage, images: Images, authentication: String?
    ) async throws -> (DockerRegistry, EntrepotServer) {
        let upstream = try await DockerRegistry.start(on: stage, store: images.store)
        let entrepot = try await EntrepotServer.start(
            on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"),
            settings: .init(certificates: try await Certificates.make(on: stage), clientAuthentication: authentication))
        return (upstream, entrepot)
    }
}
