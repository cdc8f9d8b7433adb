import Foundation
import TestSupport
import Testing

/// Deleting frees, as `du` sees it, while the server serves.
@Suite struct CollectionTests {
    private struct Report: Decodable {
        var job: String
        var outcome: String
        var counts: [String: Int]
    }

    private struct Preview: Decodable {
        var collection: [String: Int]
    }

    /// What the program prints on one line.
    private static func last<Value: Decodable>(_ output: String, as type: Value.Type = Value.self) throws -> Value {
        let line = try #require(output.split(separator: "\n").last { $0.hasPrefix("{") }, "\(output)")
        return try JSONDecoder().decode(Value.self, from: Data(line.utf8))
    }

    @Test func pruneWorksBesideARunningServerAndOnAStoppedStore() async throws {
        try await Stage.with { stage in
            let root = try stage.makeDirectory("root")
            let tables = """
                [janitor]
                interval = "1h"
                grace = "1s"
                [repository.local]
                \(try EntrepotServer.adminTable(on: stage))
                """
            let entrepot = try await EntrepotServer.start(on: stage, root: root, repositories: tables)
            let blob = try stage.write("a blob to which nothing refers", to: "blob")
            let digest = "sha256:" + (try await Command("sha256sum", [blob.path]).run().prefix(64))
            let location = try #require(
                try await entrepot.get("/v2/local/app/blobs/uploads/", method: "POST").headers["location"])
            let put = try await entrepot.get(
                "\(location)?digest=\(digest)", method: "PUT", options: ["-T", blob.path])
            #expect(put.status == 201)

            let before = try await entrepot.command("prune", "--dry-run")
            let preview: Preview = try Self.last(before.output)
            // The link, and the bytes.
            #expect(preview.collection["condemned"] == 2)
            let first = try await entrepot.command("prune")
            let condemned: Report = try Self.last(first.output)
            #expect(condemned.job == "collection" && condemned.counts["condemned"] == 2)
            try await Task.sleep(for: .seconds(2))
            let again: Preview = try Self.last(try await entrepot.command("prune", "-d").output)
            #expect(again.collection["removedContents"] == 1)
            #expect(entrepot.holds(digest))

            entrepot.process.signal(SIGTERM)
            _ = try await entrepot.process.waitForExit(within: .seconds(30))
            let second = try await entrepot.command("prune")
            #expect(second.status == .exited(0), "\(second.output)")
            let removed: Report = try Self.last(second.output)
            #expect(removed.outcome == "done" && removed.counts["removedContents"] == 1)
            #expect(!entrepot.holds(digest))
            let scrub = try await entrepot.command("scrub", "--links", "-u", "1s")
            #expect(scrub.status == .exited(0) && scrub.output.contains(": 0 findings"), "\(scrub.output)")
            #expect(try await entrepot.command("retention").status == .exited(0))
        }
    }

    private static func diskUse(_ root: URL) async throws -> Int {
        // What goes while it looks is no failure.
        let output = try await Command("du", ["-sB1", root.appendingPathComponent("docker").path]).outcome().output
        return try #require(Int(output.split(separator: "\n").last?.split(separator: "\t").first ?? ""))
    }

    @Test func aDeletedImageIsGoneFromTheDiskWithinTheConfiguredTime() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let root = try stage.makeDirectory("root")
            let tables = """
                [janitor]
                interval = "1s"
                grace = "2s"
                [repository.local]
                \(try EntrepotServer.adminTable(on: stage))
                """
            let entrepot = try await EntrepotServer.start(on: stage, root: root, repositories: tables)
            let layout = Paths.cache.appendingPathComponent("images").path
            func push(_ tag: String, as name: String) async throws {
                try await Command(
                    "skopeo",
                    [
                        "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout):\(tag)",
                        "docker://\(entrepot.host)/local/\(name)",
                    ]
                ).run()
            }
            try await push("multi", as: "kept:v1")
            let before = try await Self.diskUse(root)
            // Bytes of its own.
            let blob = images.largeBlob
            let digest = "sha256:" + (try await Command("sha256sum", [blob.path]).run().prefix(64))
            let location = try #require(
                try await entrepot.get("/v2/local/app/blobs/uploads/", method: "POST").headers["location"])
            let put = try await entrepot.get(
                "\(location)?digest=\(digest)", method: "PUT", options: ["-T", blob.path])
            #expect(put.status == 201)
            let size = try #require(try FileManager.default.attributesOfItem(atPath: blob.path)[.size] as? Int)
            let manifest = try stage.write(
                """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[\
                {"mediaType":"application/octet-stream","digest":"\(digest)","size":\(size)}]}
                """, to: "manifest.json")
            let pushed = try await entrepot.get(
                "/v2/local/app/manifests/v1",
                headers: ["Content-Type": "application/vnd.oci.image.manifest.v1+json"], method: "PUT",
                options: ["--data-binary", "@\(manifest.path)"])
            #expect(pushed.status == 201)
            let name = try #require(pushed.headers["docker-content-digest"])
            #expect(try await Self.diskUse(root) > before + size)

            #expect(try await entrepot.get("/v2/local/app/manifests/\(name)", method: "DELETE").status == 202)
            let isFreed: Bool? = try await eventually(within: .seconds(30)) {
                try await Self.diskUse(root) < before + (1 << 20) ? true : nil
            }
            #expect(isFreed == true)
            #expect(!entrepot.holds(digest))
            let run = try await entrepot.command("janitor", "run", "collection")
            #expect(run.status == .exited(0), "\(run.output)")
            // What is not deleted is whole.
            try await Command(
                "skopeo",
                [
                    "copy", "--all", "--src-tls-verify=false", "docker://\(entrepot.host)/local/kept:v1",
                    "dir:\(try stage.makeDirectory("pulled").path)",
                ]
            ).run()
        }
    }
}
