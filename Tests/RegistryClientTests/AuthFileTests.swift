import Foundation
import OCI
import RegistryClient
import TestSupport
import Testing
import Upstream

@Suite struct AuthFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ text: String, _ name: String = "config.json") throws -> String {
        let path = directory.file(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static func entry(_ user: String) -> String {
        let auth = Data("\(user):secret:\(user)".utf8).base64EncodedString()
        return #"{"auth":"\#(auth)"}"#
    }

    @Test(arguments: [
        ("one.example", "team/app", "one"), ("two.example:5000", "team/app", "two"),
        ("one.example", "special/app", "special"), ("one.example", "special/app/deep", "deep"),
        ("registry-1.docker.io", "library/alpine", "hub"), ("other.example", "team/app", nil),
        ("one.example:5000", "team/app", nil),
    ])
    func theMostExactEntryCounts(authority: String, repository: String, user: String?) async throws {
        let path = try write(
            """
            {"auths":{"one.example":\(Self.entry("one")),"https://two.example:5000/v2/":\(Self.entry("two")),
            "one.example/special":\(Self.entry("special")),"one.example/special/app/deep":\(Self.entry("deep")),
            "https://index.docker.io/v1/":\(Self.entry("hub"))}}
            """)
        let files = AuthFiles(paths: [directory.file("absent"), path], environment: [:])
        let source = try files.source(for: authority, RepositoryName(repository))
        let expected = user.map { RegistryCredentials(username: $0, password: "secret:\($0)") }
        #expect(try await source?.credentials() == expected)
    }

    @Test func aHelperIsAskedWhereTheFileNamesOne() async throws {
        let helper = try write(
            """
            #!/bin/sh
            read server
            echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"by-helper\\",\\"Secret\\":\\"for $server\\"}"
            """, "docker-credential-test")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: helper)
        let path = try write(
            #"{"credHelpers":{"named.example":"test"},"auths":{"stored.example":{}},"credsStore":"test"}"#)
        let environment = ["PATH": "\(directory.path):/usr/bin:/bin"]
        let files = AuthFiles(paths: [path], environment: environment)
        for host in ["named.example", "stored.example"] {
            let source = try #require(try files.source(for: host))
            #expect(
                try await source.credentials() == RegistryCredentials(username: "by-helper", password: "for \(host)"))
        }
        #expect(try files.source(for: "elsewhere.example") == nil)
    }

    @Test func aFileThatWasAskedForHasToBeThere() throws {
        let path = directory.file("absent")
        let error = #expect(throws: AuthFileError.self) {
            _ = try AuthFiles(paths: [path], environment: [:], mustExist: true).source(for: "one.example")
        }
        #expect(error.map { "\($0)" } == "\(path) is not there")
        #expect(try AuthFiles(paths: [path], environment: [:]).source(for: "one.example") == nil)
    }

    @Test func neitherALargeFileNorAPipeIsRead() throws {
        let large = try write(#"{"auths":{}}"# + String(repeating: " ", count: 1 << 20))
        let pipe = directory.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, words) in [(large, "is larger than 1048576 bytes"), (pipe, "is not a regular file")] {
            let error = #expect(throws: AuthFileError.self) {
                _ = try AuthFiles(paths: [path], environment: [:]).source(for: "one.example")
            }
            #expect(error.map { "\($0)" } == "\(path) \(words)")
        }
    }

    @Test(arguments: [
        "no json", #"{"credHelpers":{"one.example":"../../bin/sh"}}"#, #"{"auths":{"one.example":{"auth":"%%%"}}}"#,
        #"{"auths":[]}"#,
    ])
    func aFileThatCannotBeUsedIsAnErrorThatDoesNotTellWhatIsInIt(text: String) throws {
        let path = try write(text)
        let error = #expect(throws: AuthFileError.self) {
            _ = try AuthFiles(paths: [path], environment: [:]).source(for: "one.example")
        }
        #expect(error?.path == path)
        #expect(error.map { !"\($0)".contains("%%%") } ?? false)
    }

    @Test func filesAreLookedForWherePodmanAndDockerHaveThem() async throws {
        let folder = directory.path
        try FileManager.default.createDirectory(atPath: "\(folder)/.docker", withIntermediateDirectories: true)
        _ = try write("{\"auths\":{\"one.example\":\(Self.entry("docker"))}}", ".docker/config.json")
        let files = AuthFiles(environment: ["HOME": folder])
        #expect(
            try await files.source(for: "one.example")?.credentials()
                == RegistryCredentials(username: "docker", password: "secret:docker"))
        let other = try write("{\"auths\":{\"one.example\":\(Self.entry("podman"))}}", "auth.json")
        #expect(
            try await AuthFiles(environment: ["HOME": folder, "REGISTRY_AUTH_FILE": other])
                .source(for: "one.example")?.credentials()
                == RegistryCredentials(username: "podman", password: "secret:podman"))
    }

    @Test func theTokenOfALoginComesBeforeTheEmptyPasswordBesideIt() async throws {
        let path = try write(#"{"auths":{"one.example":{"auth":"YWxpY2U6","identitytoken":"login"}}}"#)
        let source = try AuthFiles(paths: [path], environment: [:]).source(for: "one.example")
        #expect(try await source?.credentials() == RegistryCredentials(identityToken: "login"))
    }

    @Test(arguments: [
        ("localhost:5000", "localhost:5000"), ("registry.example", "registry.example"),
        ("http://registry.example:80", "registry.example"), ("https://registry.example/team", "registry.example"),
        ("[::1]:5000", "[::1]:5000"),
    ])
    func anAddressIsUnderstood(text: String, name: String) {
        #expect(RegistryAddress(text)?.endpoint.name == name)
    }

    @Test(arguments: ["", "http://", "registry.example:0", "registry.example:port", "registry.example/UPPER", "a b"])
    func whatIsNoAddressIsNone(text: String) {
        #expect(RegistryAddress(text) == nil)
    }
}
