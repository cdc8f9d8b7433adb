import Foundation
import TestSupport
import Testing

/// `entrepot top` beside a server that is at work.
@Suite struct TopTests {
    /// A server with a download that stands still halfway, and a request for it.
    ///
    /// - Parameter after: Called when that request has its answer.
    private static func busy(
        _ body: (EntrepotServer, ScriptedUpstream) async throws -> Void,
        after: (EntrepotServer, ScriptedUpstream) async throws -> Void = { _, _ in }
    ) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: try EntrepotServer.adminTable(on: stage)
                    + upstream.configuration(namespace: "up", mode: "gated"))
            async let pull = entrepot.get("/v2/up/app/blobs/\(upstream.facts.layer)")
            _ = try await eventually(within: .seconds(20)) {
                try await entrepot.command("fills").output.contains("\"released\":0") ? nil : ()
            }
            do { try await body(entrepot, upstream) } catch {
                try await upstream.release()
                throw error
            }
            try await upstream.release()
            #expect(try await pull.isComplete)
            try await after(entrepot, upstream)
        }
    }

    @Test func whatGoesOnIsDrawnAndTheTerminalIsAsBefore() async throws {
        struct Seen: Decodable {
            var exit: Int
            var isRestored: Bool
            var first: String
            var rest: String
        }
        try await Self.busy { entrepot, upstream in
            let text = try await Command(
                "/usr/bin/env",
                [
                    "python3", Paths.script("terminal.py"), "UPSTREAMS", Paths.entrepot.path, "-c",
                    entrepot.configuration.path, "top", "--interval", "200ms",
                ]
            ).run()
            let seen = try JSONDecoder().decode(Seen.self, from: Data(text.utf8))
            #expect(seen.exit == 0)
            #expect(seen.isRestored)
            #expect(seen.first.hasPrefix("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[H"))
            #expect(seen.rest.hasSuffix("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"))
            #expect(seen.first.contains("FILLS  1"))
            #expect(seen.first.contains("  \(upstream.facts.layer.prefix(19)) [###"))
            #expect(seen.first.contains("UPSTREAMS  1"))
            // Nothing is wiped before it is drawn: that would flicker.
            #expect(!seen.first.contains("\u{1B}[2J"))
            let last = try #require(seen.rest.components(separatedBy: "\u{1B}[H").last)
            let lines = last.components(separatedBy: "\u{1B}[J")[0].components(separatedBy: "\u{1B}[K")
            #expect(lines.count > 6 && lines.count <= 11)
            #expect(lines.allSatisfy { $0.unicodeScalars.count { $0 != "\r" && $0 != "\n" } <= 60 }, "\(lines)")
        }
    }

    @Test func elsewhereItIsALineEachTimeAndAWholePictureOnce() async throws {
        try await Self.busy { entrepot, upstream in
            let once = try await entrepot.command("top", "--once", "--interval", "200ms")
            #expect(once.status == .success)
            #expect(!once.output.contains("\u{1B}"))
            for part in ["requests  ", "FILLS  1", String(upstream.facts.layer.prefix(19)), "UPSTREAMS  1", "closed"] {
                #expect(once.output.contains(part), "\(once.output)")
            }
            let lines = try await Command(
                "bash",
                [
                    "-c", "\"$0\" -c \"$1\" top --interval 200ms | head -3", Paths.entrepot.path,
                    entrepot.configuration.path,
                ]
            ).run(within: .seconds(20))
            let text = lines.split(separator: "\n")
            #expect(text.count == 3)
            #expect(text.allSatisfy { $0.contains("requests/s") && $0.contains("1 fills") }, "\(lines)")
        }
    }

    @Test func slowRequestsAreTold() async throws {
        try await Self.busy { _, _ in
            // What takes longer than this is told.
            try await Task.sleep(for: .milliseconds(300))
        } after: { entrepot, upstream in
            let told = try await eventually(within: .seconds(5)) {
                let once = try await entrepot.command("top", "--once", "--interval", "200ms").output
                return once.contains("get-blob up/app \(upstream.facts.layer.prefix(19))") ? once : nil
            }
            #expect(told != nil)
        }
    }

    @Test func aServerThatIsNotThereIsToldSo() async throws {
        let outcome = try await Command(
            Paths.entrepot.path, ["top", "--server", "http://127.0.0.1:1", "--token-file", "/dev/null"]
        ).outcome()
        #expect(outcome.status == .exited(1))
        let wrong = try await Command(Paths.entrepot.path, ["top", "--interval", "1ms"]).outcome()
        #expect(wrong.status == .exited(2))
    }
}
