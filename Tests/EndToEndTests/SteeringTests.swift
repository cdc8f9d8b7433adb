import Foundation
import TestSupport
import Testing

/// A running server steered by the command line.
@Suite struct SteeringTests {
    private static let namespace = "up.test"

    @Test func capsAreShownAndChangeWithTheConfiguration() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let admin = try EntrepotServer.adminTable(on: stage)
            func repositories(_ caps: String) -> String {
                // Another namespace of the same host: the caps are for both.
                admin + upstream.configuration(namespace: "other.test")
                    + upstream.configuration(namespace: Self.namespace) + caps
            }
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: repositories("max_connections = 2\nmax_bandwidth = \"10MiB\"\n"))
            let before = try await Self.steer(entrepot, "upstream", "status")
            #expect(before.components(separatedBy: "\"maxConnections\":2").count == 3, "\(before)")
            #expect(before.components(separatedBy: "\"maxBandwidth\":10485760").count == 3)
            let layer = try #require(images.facts.layers.last)
            #expect(try await entrepot.get("/v2/\(Self.namespace)/test/app/blobs/\(layer)").status == 200)

            try entrepot.reconfigure(repositories: repositories("max_connections = 3\n"))
            try await entrepot.reloaded { $0.outcome == "applied" }
            let after = try await Self.steer(entrepot, "upstream", "status")
            #expect(after.components(separatedBy: "\"maxConnections\":3").count == 3, "\(after)")
            #expect(!after.contains("maxBandwidth"))
            #expect(after.contains("\"requestsInFlight\":0"))
        }
    }

    @Test func tagsBelowAPrefixAreRefreshedAndPurged() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: admin + upstream.configuration(namespace: Self.namespace))
            for (name, tag) in [("test/app", "multi"), ("test/app", "amd64"), ("library/app", "latest")] {
                let path = "/v2/\(Self.namespace)/\(name)/manifests/\(tag)"
                #expect(try await entrepot.get(path).status == 200)
            }
            let refreshed = try await Self.steer(entrepot, "refresh", "\(Self.namespace)/test/")
            #expect(refreshed.contains(images.facts.index))
            #expect(refreshed.contains(images.facts.amd64))
            #expect(!refreshed.contains("library/app"))
            // Held already: the upstream is asked in a way that costs it nothing.
            #expect(upstream.answers.last?.status == 304)
            let purged = try await Self.steer(entrepot, "purge", "\(Self.namespace)/test", "--prefix")
            #expect(
                purged
                    == "{\"more\":false,\"purged\":2,\"repositories\":[{\"purged\":2,\"repository\":\"up.test/test/app\"}]}\n"
            )
            let rest = try await Self.steer(entrepot, "purge", "\(Self.namespace)/")
            #expect(rest.contains("\"purged\":1"))
        }
    }

    @Test(arguments: [
        ["purge", "a/", "v1"], ["refresh", "a"], ["refresh", "a/", "v1"], ["refresh", "a", "v1", "--after", "a:v1"],
    ])
    func wrongUsageIsToldSo(arguments: [String]) async throws {
        let outcome = try await Command(Paths.entrepot.path, arguments).outcome()
        #expect(outcome.status == .exited(2), "\(outcome.output)")
    }

    private static func steer(_ entrepot: EntrepotServer, _ arguments: String...) async throws -> String {
        try await Command(Paths.entrepot.path, ["-c", entrepot.configuration.path] + arguments).run()
    }
}
