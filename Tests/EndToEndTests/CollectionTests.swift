import Foundation
import TestSupport
import Testing

/// Deleting frees, as `du` sees it, while the server serves.
@Suite struct CollectionTests {
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
