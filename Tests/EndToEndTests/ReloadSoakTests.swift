import Foundation
import TestSupport
import Testing

/// Many reloads under many clients. `ENTREPOT_SOAK_SECONDS` makes it longer.
@Suite struct ReloadSoakTests {
    private struct Outcome: Decodable {
        var pulls: Int
        var pushes: Int
        var applied: Int
        var refused: Int
        var failures: [String]
    }

    private static let residentLimit = 192 << 20

    @Test func reloadsDisturbNobody() async throws {
        let images = try await Images.ready
        let seconds = ProcessInfo.processInfo.environment["ENTREPOT_SOAK_SECONDS"].flatMap { Int($0) } ?? 15
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    \(try EntrepotServer.adminTable(on: stage))
                    [global]
                    default_access = "open"
                    [repository.local]
                    [repository.mirror]
                    tag_ttl = 0
                    \(upstream.configuration(namespace: "mirror", mode: "good", more: "stall_timeout = \"30s\""))
                    """)
            let printed = try await Command(
                "/usr/bin/python3",
                [
                    Paths.script("reload-soak.py"), entrepot.url, entrepot.configuration.path,
                    EntrepotServer.adminToken, upstream.facts.layer, "64", "\(seconds)",
                ]
            ).run(within: .seconds(seconds + 120))
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            #expect(outcome.failures == [])
            // Far below what a slow machine does; each must have happened, and often.
            #expect(outcome.pulls >= 10 * seconds)
            #expect(outcome.pushes >= seconds)
            #expect(outcome.applied >= 2 * seconds)
            #expect(outcome.refused >= seconds / 5)
            #expect(try await entrepot.status().generation > 2 * seconds)
            let peak = try #require(entrepot.peakResidentBytes)
            #expect(peak < Self.residentLimit, "resident memory peaked at \(peak >> 20) MiB")
        }
    }
}
