import Foundation
import NIOCore
import TestSupport
import Testing

/// One of several servers dies in the middle of a push.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps")) struct ServerDeathTests {
    @Test(arguments: ReplicaSet.Store.allCases)
    func aPushGoesOnAtAnotherServerWhenItsOwnIsKilled(store: ReplicaSet.Store) async throws {
        try await Stage.with { stage in
            let set = try await ReplicaSet.start(store, on: stage, repositories: "[repository.local]\n")
            let (first, second, third) = (set.replicas[0], set.replicas[1], set.replicas[2])
            let (total, acknowledged) = (24_000_000, 12_000_000)
            let blob = stage.directory.appendingPathComponent("blob")
            let content = ByteBuffer.pattern(count: total)
            try Data(content.readableBytesView).write(to: blob)
            let digest = "sha256:" + (try await Command("sha256sum", [blob.path]).run().prefix(64))
            func rest(from offset: Int, to end: Int) throws -> URL {
                let file = stage.directory.appendingPathComponent("part-\(offset)-\(end)")
                try Data(content.readableBytesView)[offset..<end].write(to: file)
                return file
            }
            let begun = try await first.get("/v2/local/app/blobs/uploads/", method: "POST")
            let location = try #require(begun.headers["location"])
            let sent = try await first.get(
                location, headers: ["Content-Range": "0-\(acknowledged - 1)"], method: "PATCH",
                options: ["-T", try rest(from: 0, to: acknowledged).path])
            #expect(sent.status == 202)
            // It dies while this one is on its way, which nobody acknowledges.
            let pusher = try stage.start(
                "curl",
                [
                    "-v", "--noproxy", "*", "-H", "Expect: 100-continue", "-X", "PATCH", "--limit-rate", "1M", "-H",
                    "Content-Range: \(acknowledged)-\(total - 1)", "-T", try rest(from: acknowledged, to: total).path,
                    "-o", "\(stage.directory.path)/answer", "\(first.url)\(location)",
                ])
            try await pusher.waitUntilReady { pusher.output.contains("100 Continue") }
            await first.process.kill()
            _ = try await pusher.waitForExit(within: .seconds(30))

            let field = try #require(try await second.get(location).headers["range"])
            let size = try #require(Int(field.dropFirst(2))) + 1
            #expect(size >= acknowledged)
            let more = try await second.get(
                location, headers: ["Content-Range": "\(size)-\(total - 1)"], method: "PATCH",
                options: ["-T", try rest(from: size, to: total).path])
            #expect(more.status == 202, "\(more.text)")
            let end = location + (location.contains("?") ? "&" : "?") + "digest=\(digest)"
            let done = try await third.get(end, method: "PUT")
            #expect(done.status == 201, "\(done.text)")
            for server in [second, third] {
                let pulled = try await server.get("/v2/local/app/blobs/\(digest)")
                #expect(pulled.body == Data(content.readableBytesView))
            }
        }
    }
}
