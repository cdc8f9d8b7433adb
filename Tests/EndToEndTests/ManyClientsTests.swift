import Foundation
import TestSupport
import Testing

/// One fill, many readers.
@Suite struct ManyClientsTests {
    private struct Outcome: Decodable {
        var whole: Int
        var ranges: Int
        var left: Int
        var errors: [String]
    }

    private static let residentLimit = 96 << 20

    @Test func sixtyFourClientsOnOneColdBlobCostOneFetchAndLittleMemory() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"many\"]\n" + upstream.configuration(namespace: "many", mode: "good"))
            let printed = try await Command(
                "/usr/bin/python3",
                [
                    Paths.script("many-clients.py"),
                    "\(entrepot.url)/v2/many/app/blobs/\(upstream.facts.layer)", images.largeBlob.path, "64",
                ]
            ).run(within: .seconds(240))
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            #expect(outcome.errors == [])
            #expect(outcome.whole == 32)
            #expect(outcome.ranges == 16)
            #expect(outcome.left == 16)

            let bodies = try await upstream.requests.filter { $0.method == "GET" && $0.path.contains("/blobs/") }
            let whole = bodies.filter { $0.range == nil || $0.range == "bytes=0-" }
            #expect(whole.count == 1, "\(bodies)")
            let peak = try #require(entrepot.peakResidentBytes)
            #expect(peak < Self.residentLimit, "resident memory peaked at \(peak >> 20) MiB")
        }
    }

    /// Whoever finds no room waits, is told to come again, and costs next to nothing meanwhile.
    @Test func `a thousand clients that push large manifests at once cost little memory`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\nallow_missing_references = true\n")
            let printed = try await Command(
                "/usr/bin/python3",
                [Paths.script("many-manifests.py"), "\(entrepot.port)", "\(entrepot.process.pid)", "1000", "20"]
            ).run(within: .seconds(120))
            struct Outcome: Decodable {
                var statuses: [String: Int]
                var idle: Int
                var peak: Int
            }
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            #expect(Set(outcome.statuses.keys).isSubset(of: ["201", "429"]), "\(printed)")
            #expect(outcome.statuses["201"] ?? 0 > 0)
            // Without optimisation what is not counted, such as the reading of JSON, takes more.
            #expect(outcome.peak - outcome.idle < 192 << 20, "\(printed)")
        }
    }

    @Test func `clients that ask for large manifests and take nothing cost little memory`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\nallow_missing_references = true\n")
            let printed = try await Command(
                "/usr/bin/python3",
                [Paths.script("idle-readers.py"), "\(entrepot.port)", "\(entrepot.process.pid)", "80"]
            ).run(within: .seconds(90))
            struct Outcome: Decodable {
                var isWhole: Bool
                var begun: Int
                var grown: Int
            }
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            #expect(outcome.isWhole)
            #expect(outcome.begun == 80)
            // Their manifests are 312 MiB together.
            #expect(outcome.grown < 100 << 20, "\(printed)")
        }
    }

    @Test func aFarRangeOfAColdBlobDoesNotWaitForTheFill() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"far\"]\n" + upstream.configuration(namespace: "far", mode: "gated"))
            let size = upstream.facts.size
            let path = "/v2/far/app/blobs/\(upstream.facts.layer)"
            // The fill stands still at the half until it is released, so only a ranged request can answer this.
            let far = try await entrepot.get(path, headers: ["Range": "bytes=\(size - 4096)-\(size - 1)"])
            #expect(far.status == 206)
            #expect(far.headers["content-range"] == "bytes \(size - 4096)-\(size - 1)/\(size)")
            let file = try Data(contentsOf: images.largeBlob, options: .alwaysMapped)
            #expect(far.body == file.suffix(4096))
            // What the fill has is served from it while it stands.
            let near = try await entrepot.get(path, headers: ["Range": "bytes=0-65535"])
            #expect(near.status == 206)
            #expect(near.body == file.prefix(65_536))
            try await upstream.release()
        }
    }

    @Test func askingForTheHeadOfAColdBlobDoesNotFetchIt() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"head\"]\n" + upstream.configuration(namespace: "head", mode: "good"))
            let head = try await entrepot.get("/v2/head/app/blobs/\(upstream.facts.layer)", method: "HEAD")
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "\(upstream.facts.size)")
            #expect(head.headers["docker-content-digest"] == upstream.facts.layer)
            #expect(try await upstream.requests.allSatisfy { $0.method == "HEAD" || !$0.path.contains("/blobs/") })
            #expect(!entrepot.holds(upstream.facts.layer))
        }
    }
}
