import Foundation
import TestSupport
import Testing

/// What an end, gentle or not, leaves behind.
@Suite struct CrashTests {
    @Test func afterAKillInTheMiddleOfAFillNothingPartialIsVisibleAndThePullSucceeds() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let repositories = "[repository.\"up\"]\n" + upstream.configuration(namespace: "up", mode: "gated")
            let root = try stage.makeDirectory("root")
            let path = "/v2/up/app/blobs/\(upstream.facts.layer)"

            let first = try await EntrepotServer.start(on: stage, root: root, repositories: repositories)
            let reader = try stage.start(
                "curl", ["-sS", "-o", "\(stage.directory.path)/partial", "\(first.url)\(path)"])
            let filling = try await eventually(within: .seconds(30)) { first.spooled.isEmpty ? nil : true }
            #expect(filling == true, "no spool file appeared")
            await first.process.kill()
            _ = try await reader.waitForExit(within: .seconds(10))
            #expect(!first.spooled.isEmpty)
            #expect(!first.holds(upstream.facts.layer))

            let second = try await EntrepotServer.start(on: stage, root: root, repositories: repositories)
            let swept = try await eventually(within: .seconds(30)) { second.spooled.isEmpty ? true : nil }
            #expect(swept == true, "left in the spool: \(second.spooled)")
            #expect(!second.holds(upstream.facts.layer))

            try await upstream.release()
            let target = stage.directory.appendingPathComponent("whole")
            try await Command("curl", ["-sS", "--fail", "-o", target.path, "\(second.url)\(path)"]).run()
            try await Command("cmp", [target.path, images.largeBlob.path]).run()
            let stored = try await eventually(within: .seconds(10)) { second.holds(upstream.facts.layer) ? true : nil }
            #expect(stored == true)
            try await Command("cmp", [second.blobPath(upstream.facts.layer).path, images.largeBlob.path]).run()
        }
    }

    @Test func aTransferInFlightFinishesWhenTheServerIsAskedToEnd() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"up\"]\n" + upstream.configuration(namespace: "up", mode: "gated"),
                settings: .init(server: "shutdown_delay = \"2s\""))
            let target = stage.directory.appendingPathComponent("whole")
            let reader = try stage.start(
                "curl",
                [
                    "-sS", "--fail", "-o", target.path,
                    "\(entrepot.url)/v2/up/app/blobs/\(upstream.facts.layer)",
                ])
            let flowing = try await eventually(within: .seconds(30)) {
                let size = try? FileManager.default.attributesOfItem(atPath: target.path)[.size] as? Int
                return (size ?? 0) > 0 ? true : nil
            }
            #expect(flowing == true, "no byte arrived")

            entrepot.process.signal(SIGTERM)
            let drained = try await eventually(within: .seconds(10)) {
                try await entrepot.get("/readyz").status == 503 ? true : nil
            }
            #expect(drained == true, "/readyz did not turn to 503")
            #expect(entrepot.process.isRunning)
            try await upstream.release()
            #expect(try await reader.waitForExit(within: .seconds(60)) == .success)
            try await Command("cmp", [target.path, images.largeBlob.path]).run()
            #expect(try await entrepot.process.waitForExit(within: .seconds(60)) == .success)
        }
    }

    @Test func aFullDiskCostsReadersNothingAndIsUsedAgainWhenThereIsSpace() async throws {
        try ClientKind.requireRoot()
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let root = try await stage.mountTemporaryFileSystem(megabytes: 8)
            let entrepot = try await EntrepotServer.start(
                on: stage, root: root,
                repositories: "[repository.\"up\"]\n" + upstream.configuration(namespace: "up", mode: "good"))
            let path = "/v2/up/app/blobs/\(upstream.facts.layer)"
            let filler = root.appendingPathComponent("filler")
            // Fails when the disk is full, which is the point.
            _ = try await Command("dd", ["if=/dev/zero", "of=\(filler.path)", "bs=64k"]).outcome()

            let passed = try await entrepot.get(path)
            #expect(passed.status == 200)
            #expect(passed.body == (try Data(contentsOf: images.smallBlob)))
            #expect(!entrepot.holds(upstream.facts.layer))
            #expect(try await entrepot.get("/readyz").status != 0)

            try FileManager.default.removeItem(at: filler)
            let served = try await entrepot.get(path)
            #expect(served.status == 200)
            #expect(served.isComplete)
            #expect(served.body == (try Data(contentsOf: images.smallBlob)))
            let stored = try await eventually(within: .seconds(10)) {
                entrepot.holds(upstream.facts.layer) ? true : nil
            }
            #expect(stored == true)
        }
    }
}
