import Foundation
import TestSupport
import Testing

/// Upstreams that lie, break off, never end, or send clients elsewhere.
@Suite struct HostileUpstreamTests {
    @Test(arguments: ["wrong-bytes", "short", "short-honest", "endless", "too-long"])
    func bytesThatAreNotTheBlobNeverArriveWholeAndAreNotKept(mode: String) async throws {
        try await Self.with(mode: mode) { entrepot, upstream, _ in
            let answer = try await entrepot.get(Self.blob(upstream))
            #expect(answer.status >= 500 || (answer.status == 200 && !answer.isComplete))
            try await Self.expectNothingKept(entrepot, upstream)
        }
    }

    @Test(arguments: ["redirect-loop", "garbage", "status-500", "status-403"])
    func aRefusalIsToldAsAnErrorOfTheSpecification(mode: String) async throws {
        try await Self.with(mode: mode) { entrepot, upstream, _ in
            let answer = try await entrepot.get(Self.blob(upstream))
            #expect((400..<600).contains(answer.status))
            #expect(answer.status != 404, "404 only if the upstream said so")
            #expect(answer.text.contains("\"errors\""))
            try await Self.expectNothingKept(entrepot, upstream)
        }
    }

    @Test func onlyTheUpstreamsOwnNotFoundIsNotFound() async throws {
        try await Self.with(mode: "status-404") { entrepot, upstream, _ in
            let blob = try await entrepot.get(Self.blob(upstream))
            #expect(blob.status == 404)
            #expect(blob.text.contains("BLOB_UNKNOWN"))
            let manifest = try await entrepot.get("/v2/up/app/manifests/latest")
            #expect(manifest.status == 404)
            #expect(manifest.text.contains("MANIFEST_UNKNOWN"))
        }
    }

    @Test(arguments: ["redirect-away", "basic-away"])
    func aRedirectToAnotherHostIsFollowedWithoutCredentials(mode: String) async throws {
        try await Self.with(
            mode: mode, credentials: "username = \"user\"\npassword = \"secret\""
        ) { entrepot, upstream, trap in
            let answer = try await entrepot.get(Self.blob(upstream))
            #expect(answer.status == 200)
            #expect(answer.isComplete)
            let caught = try await trap.requests
            #expect(!caught.isEmpty)
            #expect(caught.allSatisfy { $0.authorization == nil }, "\(caught)")
            let log = entrepot.process.output
            #expect(!log.contains("secret"), "the password stands in the log")
        }
    }

    @Test func theNextUpstreamServesWhatTheFirstCouldNot() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"up\"]\n"
                    + upstream.configuration(namespace: "up", mode: "status-503")
                    + upstream.configuration(namespace: "up", mode: "good"))
            let answer = try await entrepot.get(Self.blob(upstream))
            #expect(answer.status == 200)
            #expect(answer.body == (try Data(contentsOf: images.smallBlob)))
            #expect(try await entrepot.get("/v2/up/app/manifests/latest").status == 200)
        }
    }

    @Test func aBodyThatBreaksOffIsContinuedByTheNextUpstream() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let first = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let second = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"up\"]\n"
                    + first.configuration(namespace: "up", mode: "short")
                    + second.configuration(namespace: "up", mode: "good"))
            let answer = try await entrepot.get(Self.blob(first))
            #expect(answer.status == 200)
            #expect(answer.body == (try Data(contentsOf: images.smallBlob)))
            let asked = try await second.requests.filter { $0.method == "GET" && $0.path.contains("/blobs/") }
            #expect(asked.count == 1)
            #expect(asked.first?.range?.hasPrefix("bytes=") == true, "the second serves only the rest")
        }
    }

    private static func blob(_ upstream: ScriptedUpstream) -> String {
        "/v2/up/app/blobs/\(upstream.facts.layer)"
    }

    private static func with(
        mode: String, credentials: String = "",
        _ body: (EntrepotServer, ScriptedUpstream, ScriptedUpstream) async throws -> Void
    ) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let trap = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob, trap: trap)
            let table = upstream.configuration(namespace: "up", mode: mode, more: credentials)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"up\"]\n" + table,
                settings: .init(server: "max_blob_size = \"8MiB\""))
            try await body(entrepot, upstream, trap)
            #expect(entrepot.process.isRunning)
        }
    }

    /// Nothing in the store, and in the end nothing in the spool.
    private static func expectNothingKept(_ entrepot: EntrepotServer, _ upstream: ScriptedUpstream) async throws {
        #expect(!entrepot.holds(upstream.facts.layer))
        let emptied = try await eventually(within: .seconds(30)) { entrepot.spooled.isEmpty ? true : nil }
        #expect(emptied == true, "left in the spool: \(entrepot.spooled)")
    }
}
