import Foundation
import Hashing
import NIOCore
import OCI
import SurrogateClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct SurrogateRegistryTests {
    private let directory: TemporaryDirectory
    private let repository: RepositoryName
    private let tag: OCI.Tag

    init() throws {
        directory = try TemporaryDirectory()
        repository = try #require(RepositoryName("team/app"))
        let tag: OCI.Tag? = .init("1.0")
        self.tag = try #require(tag)
    }

    /// A registry whose surrogate is a script: the order is in `$order`, what follows it on standard input.
    private func registry(_ script: String) -> SurrogateRegistry {
        SurrogateRegistry(
            "home",
            by: .program(["sh", "-c", "read -r order; printf '%s' \"$order\" >\(directory.file("order")); \(script)"]))
    }

    private func order() throws -> SurrogateOrder {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.file("order")))
        return try #require(SurrogateOrder(line: Array(bytes)))
    }

    @Test func aFileGoesAlongWithWhatItBecomes() async throws {
        let file = directory.file("it's a file")
        let bytes = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) })
        try bytes.write(to: URL(fileURLWithPath: file))
        let digest = Digest(hashing: ByteBuffer(string: "manifest"))
        let pushed = try await registry("cat >\(directory.file("got")); echo team/app:1.0@\(digest)")
            .push(file, as: repository, tag: tag)
        #expect(pushed == digest)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file("got"))) == bytes)
        #expect(
            try order()
                == SurrogateOrder(
                    arguments: ["image", "push", "--", "home", "team/app:1.0", "{file}"], file: "it's a file"))
    }

    @Test func whatIsPulledIsAFileOnlyIfAllOfItCame() async throws {
        let path = directory.file("pulled")
        await #expect(throws: SurrogateError.self) {
            try await registry("echo half; exit 3").pull(repository, .tag(tag), to: path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["order"])
        try await registry("echo whole").unpack(repository, .tag(tag), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "whole\n")
        #expect(
            try order().arguments == ["image", "pull", "--output", "-", "--unpack", "--", "home", "team/app:1.0"])
    }

    @Test func imagesAreListedAndDeleted() async throws {
        let images = try await registry("echo team/app:1.0; echo other:2").images()
        #expect(images.map { "\($0.repository) \($0.tag)" } == ["team/app 1.0", "other 2"])
        try await registry("exit 0").delete(repository, .tag(tag))
        #expect(try order().arguments == ["image", "delete", "--", "home", "team/app:1.0"])
    }

    @Test(arguments: [
        ("exit 7", SurrogateError.Kind.failed(7)), ("kill -9 $$", .failed(137)), ("echo what is this", .answer),
        ("echo a:b:c:d@x", .answer),
    ])
    func whatGoesWrongElsewhereIsToldApart(script: String, kind: SurrogateError.Kind) async throws {
        let file = directory.file("file")
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let error = await #expect(throws: SurrogateError.self) {
            try await registry("cat >/dev/null; " + script).push(file, as: repository, tag: tag)
        }
        #expect(error?.kind == kind)
    }

    @Test func whatIsNotHereIsNamed() async throws {
        let absent = await #expect(throws: SurrogateError.self) {
            try await registry("exit 0").push("/absent", as: repository, tag: tag)
        }
        #expect(absent?.kind == .here && absent?.message.contains("/absent") == true)
        let program = await #expect(throws: SurrogateError.self) {
            _ = try await SurrogateRegistry("home", by: .program(["no-such-program"])).images()
        }
        #expect(program?.message.contains("no-such-program") == true)
    }

    @Test(arguments: [
        ("ssh:host", SurrogateRoute.ssh("host")), ("kubectl:space/pod", .kubernetes(namespace: "space", pod: "pod")),
        ("podman:one", .container(program: "podman", "one")), ("docker:one", .container(program: "docker", "one")),
        ("ssh:-oProxyCommand=x", nil), ("ssh:", nil), ("kubectl:pod", nil), ("kubectl:a/-b", nil), ("telnet:host", nil),
        ("host", nil),
    ])
    func aRouteIsParsedAndNoneIsAnOption(text: String, route: SurrogateRoute?) {
        #expect(SurrogateRoute(text) == route)
    }

    @Test(arguments: ["", "[]", "{}", "no JSON", #"{"arguments":1}"#])
    func whatIsNoOrderIsNone(line: String) { #expect(SurrogateOrder(line: Array(line.utf8)) == nil) }
}
