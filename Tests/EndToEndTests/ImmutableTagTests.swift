import Foundation
import TestSupport
import Testing

/// Two servers on one store that nothing else brings together.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps")) struct ImmutableTagTests {
    private static let index = "application/vnd.oci.image.index.v1+json"

    private static func push(_ file: URL, _ tag: String, to server: EntrepotServer) async throws -> HTTPProbe.Answer {
        try await HTTPProbe.get(
            "\(server.url)/v2/local/app/manifests/\(tag)", headers: ["Content-Type": index], method: "PUT",
            options: ["--data-binary", "@\(file.path)"])
    }

    @Test(arguments: ReplicaSet.Store.allCases)
    func ofTwoServersWithoutRedisOneSetsATag(store: ReplicaSet.Store) async throws {
        try await Stage.with { stage in
            let moto = store == .bucket ? try await MotoServer.start(on: stage) : nil
            let root = try stage.makeDirectory("shared")
            var servers: [EntrepotServer] = []
            for _ in 0..<2 {
                let storage =
                    try moto.map { try $0.storage("tags", on: stage) }
                    ?? "[storage.fs]\nroot_dir = \"\(root.path)\""
                servers.append(
                    try await EntrepotServer.start(
                        on: stage, root: store == .folder ? root : nil,
                        repositories: "[repository.local]\nimmutable_tags = true\n",
                        settings: .init(storage: storage + "\n[global]\ndefault_access = \"open\"\n")))
            }
            let files = try (0..<2).map { number in
                try stage.write(
                    #"{"schemaVersion":2,"mediaType":"\#(Self.index)","manifests":[],"annotations":{"n":"\#(number)"}}"#,
                    to: "index-\(number).json")
            }
            for round in 0..<6 {
                let tag = "v\(round)"
                let (first, second) = (servers[0], servers[1])
                async let one = Self.push(files[0], tag, to: first)
                async let other = Self.push(files[1], tag, to: second)
                let answers = try await [one, other]
                #expect(answers.map(\.status).sorted() == [201, 409], "\(answers.map(\.text))")
                let digest = answers.first { $0.status == 201 }?.headers["docker-content-digest"]
                for server in servers {
                    let named = try await server.get("/v2/local/app/manifests/\(tag)")
                    #expect(named.headers["docker-content-digest"] == digest && digest != nil)
                }
            }
        }
    }
}
