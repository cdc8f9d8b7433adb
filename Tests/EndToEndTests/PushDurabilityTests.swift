import Foundation
import TestSupport
import Testing

/// What an acknowledged push survives, and what an interrupted one leaves.
@Suite struct PushDurabilityTests {
    private static let repositories = "[repository.local]\n"

    @Test func anUploadGoesOnAfterAKill() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let root = try stage.makeDirectory("root")
            let blob = images.largeBlob
            let digest = "sha256:" + (try await Command("sha256sum", [blob.path]).run().prefix(64))
            let first = try await EntrepotServer.start(on: stage, root: root, repositories: Self.repositories)
            let begun = try await first.get("/v2/local/app/blobs/uploads/", method: "POST")
            let location = try #require(begun.headers["location"])
            let pusher = try stage.start(
                "curl",
                [
                    "-sS", "-X", "PATCH", "--limit-rate", "20M", "-T", blob.path, "-o",
                    "\(stage.directory.path)/answer",
                    "\(first.url)\(location)",
                ])
            let isFlowing = try await eventually(within: .seconds(30)) {
                let field = try await first.get(location).headers["range"] ?? ""
                return (Int(field.dropFirst(2)) ?? 0) > 10_000_000 ? true : nil
            }
            #expect(isFlowing == true, "nothing arrived")
            await first.process.kill()
            _ = try await pusher.waitForExit(within: .seconds(10))

            let second = try await EntrepotServer.start(on: stage, root: root, repositories: Self.repositories)
            let field = try #require(try await second.get(location).headers["range"])
            let size = try #require(Int(field.dropFirst(2))) + 1
            #expect(size > 10_000_000)
            let rest = stage.directory.appendingPathComponent("rest")
            try await Command("sh", ["-c", "tail -c +\(size + 1) \(blob.path) > \(rest.path)"]).run()
            let total = try #require(try FileManager.default.attributesOfItem(atPath: blob.path)[.size] as? Int)
            let sent = try await second.get(
                location, headers: ["Content-Range": "\(size)-\(total - 1)"], method: "PATCH",
                options: ["-T", rest.path])
            #expect(sent.status == 202)
            let done = try await second.get("\(location)?digest=\(digest)", method: "PUT")
            #expect(done.status == 201)
            try await Command("cmp", [second.blobPath(digest).path, blob.path]).run()
        }
    }

    @Test func whatWasAcknowledgedSurvivesAKillUnderLoad() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let root = try stage.makeDirectory("root")
            let layout = Paths.cache.appendingPathComponent("images").path
            let first = try await EntrepotServer.start(on: stage, root: root, repositories: Self.repositories)
            let acknowledged = stage.directory.appendingPathComponent("acknowledged")
            // Tags one after the other, each written down when its push was answered; two such loops.
            let script = """
                n=0; while n=$((n+1)); do
                curl -sf -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
                --data-binary @\(stage.directory.path)/index "\(first.url)/v2/local/app/manifests/$0-$n" || exit 0
                echo $0-$n >> \(acknowledged.path); done
                """
            try await Command(
                "skopeo",
                [
                    "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout):multi",
                    "docker://\(first.host)/local/app:multi",
                ]
            ).run()
            let index = try await first.get("/v2/local/app/manifests/multi").body
            try index.write(to: stage.directory.appendingPathComponent("index"))
            let loops = try ["a", "b"].map { try stage.start("bash", ["-c", script, $0]) }
            let isBusy = try await eventually(within: .seconds(30)) {
                let lines = (try? String(contentsOf: acknowledged, encoding: .utf8)) ?? ""
                return lines.split(separator: "\n").count > 20 ? true : nil
            }
            #expect(isBusy == true)
            await first.process.kill()
            for loop in loops { _ = try await loop.waitForExit(within: .seconds(10)) }

            let second = try await EntrepotServer.start(on: stage, root: root, repositories: Self.repositories)
            let tags = try String(contentsOf: acknowledged, encoding: .utf8).split(separator: "\n").map(String.init)
            let listed = try await second.get("/v2/local/app/tags/list").text
            for tag in tags { #expect(listed.contains("\"\(tag)\""), "\(tag) was acknowledged and is gone") }
            let listedTags = listed.split(separator: "\"").map(String.init).filter {
                $0.hasPrefix("a-") || $0.hasPrefix("b-")
            }
            for tag in Set(listedTags) where tag.hasSuffix("1") || !tags.contains(tag) {
                let found = try await second.get("/v2/local/app/manifests/\(tag)")
                #expect(found.status == 200, "\(tag) names nothing")
                #expect(found.headers["docker-content-digest"] == images.facts.index)
            }
            let pulled = try Skopeo(stage: stage)
            #expect(
                try await pulled.pull(PullRequest(host: second.host, namespace: "local", name: "app")).contains(
                    images.facts.index))
        }
    }

    @Test func everyStepIsOnDiskBeforeTheNext() async throws {
        try ClientKind.requireRoot()
        let images = try await Images.ready
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: Self.repositories)
            let trace = stage.directory.appendingPathComponent("trace")
            let tracer = try stage.start(
                "strace",
                [
                    "-f", "-y", "-qq", "-s", "400", "-e", "trace=fsync,fdatasync,rename,mkdir,sendto,write,writev",
                    "-o",
                    trace.path, "-p", "\(entrepot.process.pid)",
                ])
            let attached = try await eventually(within: .seconds(20)) {
                let status =
                    (try? String(contentsOfFile: "/proc/\(entrepot.process.pid)/status", encoding: .utf8)) ?? ""
                return status.contains("TracerPid:\t\(tracer.pid)\n") ? true : nil
            }
            try #require(attached == true, "strace did not attach")
            let digest = "sha256:" + (try await Command("sha256sum", [images.smallBlob.path]).run().prefix(64))
            let pushed = try await entrepot.get(
                "/v2/local/app/blobs/uploads/?digest=\(digest)", method: "POST",
                options: ["--data-binary", "@\(images.smallBlob.path)"])
            #expect(pushed.status == 201)
            let index = #"{"schemaVersion":2,"manifests":[]}"#
            let tagged = try await entrepot.get(
                "/v2/local/app/manifests/v1", headers: ["Content-Type": "application/vnd.oci.image.index.v1+json"],
                method: "PUT", options: ["--data-binary", index])
            #expect(tagged.status == 201)
            let manifest = try #require(tagged.headers["docker-content-digest"])
            await tracer.stop()

            let log = SystemCalls(try String(contentsOf: trace, encoding: .utf8), root: entrepot.root.path)
            let base = "docker/registry/v2"
            func place(_ digest: String) -> String {
                let hex = digest.dropFirst(7)
                return "\(base)/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
            }
            let app = "\(base)/repositories/local/app"
            func link(_ path: String) -> String { "\(app)/\(path)/link" }
            // In this order. What belongs together is durable together, before what comes next appears.
            let hex = manifest.dropFirst(7)
            let groups = [
                [place(digest), link("_layers/sha256/\(digest.dropFirst(7))")],
                [place(manifest), link("_manifests/revisions/sha256/\(hex)")],
                [link("_manifests/tags/v1/index/sha256/\(hex)"), link("_manifests/tags/v1/current")],
            ]
            var last = -1
            for group in groups {
                var (before, settled) = (last, last)
                let renames = try group.map { step in
                    (step, try #require(log.rename(to: step), "\(step) was not renamed into place"))
                }
                let first = try #require(renames.first?.1.position)
                for (step, renamed) in renames {
                    #expect(renamed.position > before, "\(step) came too early")
                    before = renamed.position
                    // Of all of them before the first appears: a power loss may take any of the names.
                    #expect(log.synced(renamed.source, before: first), "\(step): its bytes were not synced")
                    let folder = try #require(
                        log.folderSync(of: step, after: renamed.position), "\(step): its folder was not synced")
                    settled = max(settled, folder)
                }
                for (step, _) in renames {
                    for folder in log.foldersAbove(step) {
                        #expect(log.everSynced(folder, before: settled + 1), "\(step): \(folder) was not synced")
                    }
                }
                last = settled
            }
            #expect(log.answers201.count == 2)
            #expect(try #require(log.answers201.last) > last)
        }
    }

    @Test func aFullDiskIsToldAndCostsNothingThatWasAcknowledged() async throws {
        try ClientKind.requireRoot()
        let images = try await Images.ready
        try await Stage.with { stage in
            let root = try await stage.mountTemporaryFileSystem(megabytes: 8)
            let entrepot = try await EntrepotServer.start(on: stage, root: root, repositories: Self.repositories)
            let kept = try await entrepot.get(
                "/v2/local/app/blobs/uploads/?digest=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                method: "POST", options: ["--data-binary", "hello\n"])
            #expect(kept.status == 201)
            let filler = root.appendingPathComponent("filler")
            _ = try await Command("dd", ["if=/dev/zero", "of=\(filler.path)", "bs=64k"]).outcome()
            let digest = "sha256:" + (try await Command("sha256sum", [images.smallBlob.path]).run().prefix(64))
            let target = "/v2/local/app/blobs/uploads/?digest=\(digest)"
            let refused = try await entrepot.get(
                target, method: "POST", options: ["--data-binary", "@\(images.smallBlob.path)"])
            #expect(refused.status == 507)
            #expect(refused.text.contains(#""code":"UNAVAILABLE""#))
            #expect(!entrepot.holds(digest))
            try FileManager.default.removeItem(at: filler)
            let pushed = try await entrepot.get(
                target, method: "POST", options: ["--data-binary", "@\(images.smallBlob.path)"])
            #expect(pushed.status == 201)
            let served = try await entrepot.get(
                "/v2/local/app/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
            #expect(served.text == "hello\n")

            try await Command("mount", ["-o", "remount,ro", root.path]).run()
            let unwritable = try await entrepot.get("/v2/local/app/blobs/uploads/", method: "POST")
            #expect(unwritable.status == 503)
            try await Command("mount", ["-o", "remount,rw", root.path]).run()
        }
    }
}
