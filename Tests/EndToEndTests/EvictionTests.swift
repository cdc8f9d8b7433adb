import Foundation
import TestSupport
import Testing

/// A cache that stays within its disk, as `du` sees it.
@Suite struct EvictionTests {
    private static let namespace = "up.test"

    /// Pushes `app:v0` and so on, each with a layer of 2 MiB of its own.
    ///
    /// - Returns: The digests of the layers.
    private static func pushImages(_ count: Int, to host: String, _ name: String, on stage: Stage) async throws
        -> [String]
    {
        let script = """
            set -eu; cd "$(mktemp -d -p "$3")"
            push() { # file -> digest
              digest=sha256:$(sha256sum "$1" | cut -c1-64)
              location=$(curl -sSf -X POST -D - -o /dev/null "http://$host/v2/$name/blobs/uploads/" \
                | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
              case $location in http*) ;; *) location="http://$host$location";; esac
              case $location in *\\?*) location="$location&";; *) location="$location?";; esac
              curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary @"$1" \
                "${location}digest=$digest"
              echo "$digest"
            }
            host=$1 name=$2
            echo '{"architecture":"amd64","os":"linux"}' > config
            config=$(push config)
            for n in $(seq 0 $(($4 - 1))); do
              head -c 2097152 /dev/urandom > layer
              layer=$(push layer)
              printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":2097152}]}' \
                "$config" "$(stat -c %s config)" "$layer" > manifest
              curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
                --data-binary @manifest "http://$host/v2/$name/manifests/v$n"
              echo "$layer"
            done
            """
        let file = try stage.write(script, to: "push-images.sh")
        return try await Command("bash", [file.path, host, name, stage.directory.path, "\(count)"]).run()
            .split(separator: "\n").map(String.init)
    }

    private static func pull(_ entrepot: EntrepotServer, _ tag: String, _ layer: String) async throws {
        #expect(try await entrepot.get("/v2/\(namespace)/app/manifests/\(tag)").status == 200)
        #expect(try await entrepot.get("/v2/\(namespace)/app/blobs/\(layer)").body.count == 2_097_152)
    }

    /// Use is told apart by seconds.
    private static func passSecond() async throws { try await Task.sleep(for: .milliseconds(1100)) }

    private static func diskUse(_ root: URL) async throws -> Int {
        // What goes while it looks is no failure.
        let output = try await Command("du", ["-sB1", root.appendingPathComponent("docker").path]).outcome().output
        return try #require(Int(output.split(separator: "\n").last?.split(separator: "\t").first ?? ""))
    }

    @Test func theCacheStaysWithinItsSizeAndKeepsWhatIsPinnedPushedAndInUse() async throws {
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("upstream"), isWritable: true)
            let layers = try await Self.pushImages(10, to: upstream.host, "app", on: stage)
            let tables = """
                [cache]
                max_size = "12MiB"
                high_watermark = 90
                low_watermark = 60
                pinned = ["\(Self.namespace)/*:v0"]
                [janitor]
                interval = "1h"
                [repository.local]
                \(try EntrepotServer.adminTable(on: stage))
                """
            let root = try stage.makeDirectory("root")
            let entrepot = try await EntrepotServer.start(
                on: stage, root: root, repositories: tables + upstream.configuration(namespace: Self.namespace))
            let pushed = try await Self.pushImages(1, to: entrepot.host, "local/own", on: stage)

            // Not before all is there.
            #expect(try await entrepot.command("janitor", "pause").status == .exited(0))
            try await Self.pull(entrepot, "v0", layers[0])
            try await Self.pull(entrepot, "v1", layers[1])
            // A client that takes its time over a layer that will be evicted.
            let slow = try stage.start(
                "bash",
                [
                    "-c",
                    "curl -sS --limit-rate 300k \(entrepot.url)/v2/\(Self.namespace)/app/blobs/\(layers[1]) | sha256sum",
                ])
            try await Self.passSecond()
            for number in 2..<9 { try await Self.pull(entrepot, "v\(number)", layers[number]) }
            try await Self.passSecond()
            try await Self.pull(entrepot, "v9", layers[9])

            let run = try await entrepot.command("janitor", "run", "eviction")
            #expect(run.status == .exited(0), "\(run.output)")
            #expect(try await Self.diskUse(root) < 14 << 20, "12 MiB, and 2 MiB that were pushed: \(run.output)")
            #expect(entrepot.holds(layers[0]), "pinned")
            #expect(entrepot.holds(pushed[0]), "pushed")
            #expect(entrepot.holds(layers[9]), "used last")
            #expect(!entrepot.holds(layers[1]))
            _ = try await slow.waitForExit(within: .seconds(30))
            #expect(slow.output.contains(layers[1].dropFirst("sha256:".count)))

            // By itself, too.
            #expect(try await entrepot.command("janitor", "resume").status == .exited(0))
            for number in 1..<10 { try await Self.pull(entrepot, "v\(number)", layers[number]) }
            let isSmall: Bool? = try await eventually(within: .seconds(30)) {
                try await Self.diskUse(root) < 14 << 20 ? true : nil
            }
            #expect(isSmall == true)
            #expect(try await entrepot.get("/v2/local/own/manifests/v0").status == 200)
            #expect(try await entrepot.get("/v2/local/own/blobs/\(pushed[0])").body.count == 2_097_152)
        }
    }

    @Test func aFullDiskIsMadeRoomOnAndWhatDoesNotFitIsPassedOn() async throws {
        try ClientKind.requireRoot()
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("upstream"), isWritable: true)
            let layers = try await Self.pushImages(10, to: upstream.host, "app", on: stage)
            let large = "sha256:" + (try await Command("sha256sum", [images.largeBlob.path]).run().prefix(64))
            let location = try await HTTPProbe.get("\(upstream.url)/v2/app/blobs/uploads/", method: "POST")
                .headers["location"]
            try await Command(
                "curl",
                [
                    "-sSf", "-X", "PUT", "-H", "Content-Type: application/octet-stream", "-T", images.largeBlob.path,
                    "\(try #require(location))&digest=\(large)",
                ]
            ).run(within: .seconds(120))

            let root = try await stage.mountTemporaryFileSystem(megabytes: 13)
            let entrepot = try await EntrepotServer.start(
                on: stage, root: root,
                repositories: try EntrepotServer.adminTable(on: stage)
                    + upstream.configuration(namespace: Self.namespace))
            for (number, layer) in layers.enumerated() { try await Self.pull(entrepot, "v\(number)", layer) }
            let held = layers.filter(entrepot.holds)
            #expect((1..<10).contains(held.count))
            // Twenty times what the disk has, for two clients at once.
            let script = """
                for n in 1 2; do curl -sSf \(entrepot.url)/v2/\(Self.namespace)/app/blobs/\(large) | sha256sum & done; wait
                """
            let sums = try await Command("bash", ["-c", script]).run(within: .seconds(120))
            #expect(sums.components(separatedBy: large.dropFirst("sha256:".count)).count == 3, "\(sums)")
            #expect(!entrepot.holds(large))
            // What would not have been enough was not thrown away for it.
            #expect(held.allSatisfy(entrepot.holds))
            #expect(entrepot.spooled == [])
        }
    }

    @Test func jobsThatAreNotThereAreRefused() async throws {
        let outcome = try await Command(Paths.entrepot.path, ["janitor", "run", "laundry"]).outcome()
        #expect(outcome.status == .exited(2), "\(outcome.output)")
    }
}
