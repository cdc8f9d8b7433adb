import Foundation
import TestSupport
import Testing

/// What keeps a store within its bounds and whole, where the store is a bucket.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps")) struct BucketUpkeepTests {
    private static func address(_ moto: MotoServer, _ prefix: String, _ digest: String) -> String {
        let hex = digest.dropFirst("sha256:".count)
        return "http://127.0.0.1:\(moto.port)/\(MotoServer.bucket)/\(prefix)/docker/registry/v2/blobs/sha256/"
            + "\(hex.prefix(2))/\(hex)/data"
    }

    /// The bucket's own answer.
    private static func ask(
        _ moto: MotoServer, _ prefix: String, _ digest: String, method: String = "HEAD", _ options: [String] = []
    ) async throws -> Int {
        let signing = [
            "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "\(moto.accessKeyID):\(moto.secretKey)", "-H",
            "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        ]
        return try await HTTPProbe.get(address(moto, prefix, digest), method: method, options: signing + options).status
    }

    @Test func whatNothingRefersToGoesFromABucketWhileItServesAndDamageIsFoundThere() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let moto = try await MotoServer.start(on: stage, isStrict: false)
            let tables = """
                [janitor]
                interval = "1h"
                grace = "1s"
                [repository.local]
                \(try EntrepotServer.adminTable(on: stage))
                """
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: tables, settings: .init(storage: try moto.storage("kept", on: stage)))
            let layout = Paths.cache.appendingPathComponent("images").path
            try await Command(
                "skopeo",
                [
                    "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout):multi",
                    "docker://\(entrepot.host)/local/stays:multi",
                ]
            ).run()
            let blob = try stage.write("a blob to which nothing refers", to: "blob")
            let digest = "sha256:" + (try await Command("sha256sum", [blob.path]).run().prefix(64))
            let pushed = try await entrepot.get(
                "/v2/local/goes/blobs/uploads/?digest=\(digest)", method: "POST",
                options: ["--data-binary", "@\(blob.path)"])
            #expect(pushed.status == 201)
            #expect(try await Self.ask(moto, "kept", digest) == 200)
            for _ in 0..<2 {
                let round = try await entrepot.command("prune")
                #expect(round.status == .exited(0), "\(round.output)")
                try await Task.sleep(for: .seconds(2))
            }
            #expect(try await Self.ask(moto, "kept", digest) == 404)
            // Of an image that is there.
            let layer = images.facts.layers[0]
            #expect(try await Self.ask(moto, "kept", layer) == 200)
            let client = try Skopeo(stage: stage)
            let request = PullRequest(host: entrepot.host, namespace: "local", name: "stays", tag: "multi")
            #expect(try await client.pull(request).contains(images.facts.index))

            let whole = try await entrepot.command("scrub", "--check")
            #expect(whole.status == .exited(0), "\(whole.output)")
            #expect(try await Self.ask(moto, "kept", layer, method: "PUT", ["--data-binary", "damage"]) == 200)
            let check = try await entrepot.command("scrub", "--check")
            #expect(check.status == .exited(1))
            #expect(check.output.contains("damaged-content\t\(layer)\tdry-run"), "\(check.output)")
            let repair = try await entrepot.command("scrub")
            #expect(repair.status == .exited(0), "\(repair.output)")
            #expect(repair.output.contains("\"repair\":\"quarantined\""))
            #expect(try await entrepot.get("/v2/local/stays/blobs/\(layer)").status == 404)
        }
    }
}
