import Foundation
import NIOConcurrencyHelpers
import OCI
import TestSupport
import Testing
import Upstream

/// Passwords that change while the server runs.
///
/// One after the other: a script that was just written cannot be run while another test's child still has it open.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CredentialSourceTests {
    private func basic(_ username: String, _ password: String) -> String {
        "Basic " + Data("\(username):\(password)".utf8).base64EncodedString()
    }

    /// A registry that takes one password, which can be changed.
    private func registry(_ accepted: NIOLockedValueBox<String>, refusal: Int = 401) -> ScriptedHTTPServer.Handler {
        { request in
            request.header("Authorization") == accepted.withLockedValue { $0 }
                ? .manifest(index)
                : request.header("Authorization") != nil && refusal == 403
                    ? .answer(403) : .unauthorized(#"Basic realm="here""#)
        }
    }

    private let surroundings = HelperEnvironment.variables(
        of: ProcessInfo.processInfo.environment, without: [])

    private func script(_ folder: TemporaryDirectory, _ text: String) throws -> String {
        let path = folder.file("docker-credential-test")
        try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test func aPasswordFileIsReadAgainWhenItHasChanged() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("password")
        try "first\n".write(toFile: path, atomically: true, encoding: .utf8)
        let source = FileCredentials(username: "u", path: path, password: "first")
        #expect(source.credentials() == RegistryCredentials(username: "u", password: "first"))
        try "second\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(source.credentials() == RegistryCredentials(username: "u", password: "second"))
        try FileManager.default.removeItem(atPath: path)
        #expect(source.credentials() == RegistryCredentials(username: "u", password: "second"))
    }

    @Test func aPasswordThatExpiredInMidLifeIsRenewed() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("password")
        try "first".write(toFile: path, atomically: true, encoding: .utf8)
        let accepted = NIOLockedValueBox(basic("u", "first"))
        try await ScriptedHTTPServer.run(handler: registry(accepted)) { server in
            let client = try makeClient(
                server, source: FileCredentials(username: "u", path: path, password: "first"))
            _ = try await client.manifest(repository, latest)
            try "second".write(toFile: path, atomically: true, encoding: .utf8)
            accepted.withLockedValue { $0 = basic("u", "second") }
            _ = try await client.manifest(repository, latest)
            accepted.withLockedValue { $0 = "" }
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .unauthorized)
        }
    }

    @Test(arguments: [401, 403])
    func aHelperIsAskedWhenItIsNeededAndWhenItsAnswerIsRefused(refusal: Int) async throws {
        let folder = try TemporaryDirectory()
        let answer = folder.file("answer")
        let log = folder.file("log")
        let program = try script(folder, "echo \"$1 $(cat)\" >> \(log); cat \(answer)")
        func give(_ password: String) throws {
            try #"{"ServerURL":"x","Username":"AWS","Secret":"\#(password)"}"#
                .write(toFile: answer, atomically: true, encoding: .utf8)
        }
        try give("one")
        let time = ManualTime()
        let accepted = NIOLockedValueBox(basic("AWS", "one"))
        try await ScriptedHTTPServer.run(handler: registry(accepted, refusal: refusal)) { server in
            let helper = CredentialHelper(
                program: program, server: "https://ecr.example", environment: surroundings, now: time.now)
            let client = try makeClient(server, source: helper, time: time)
            for _ in 0..<3 { _ = try await client.manifest(repository, latest) }
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "get https://ecr.example\n")
            try give("two")
            accepted.withLockedValue { $0 = basic("AWS", "two") }
            // So soon it is not run again, whatever the upstream says.
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } != nil)
            time.advance(30)
            _ = try await client.manifest(repository, latest)
            #expect(try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count == 2)
        }
    }

    @Test(arguments: [
        ("sleep 600", "did not answer in time"), ("echo secret-word; exit 1", "failed"),
        ("echo secret-word", "printed no credentials"), ("yes secret-word", "printed too much"),
    ])
    func aHelperThatFailsIsToldWithoutItsWords(text: String, message: String) async throws {
        let folder = try TemporaryDirectory()
        let helper = CredentialHelper(
            program: try script(folder, text), server: "https://x", environment: surroundings,
            timeLimit: text.hasPrefix("sleep") ? .milliseconds(200) : .seconds(20))
        let error = await #expect(throws: UpstreamError.self) { try await helper.credentials() }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.description.contains("secret-word") == false)
    }

    @Test func aHelperMayGiveTheTokenOfALogin() async throws {
        let folder = try TemporaryDirectory()
        let helper = CredentialHelper(
            program: try script(folder, #"echo '{"Username":"<token>","Secret":"secret-word"}'"#), server: "https://x",
            environment: surroundings, timeLimit: .seconds(20))
        #expect(try await helper.credentials() == RegistryCredentials(identityToken: "secret-word"))
    }

    @Test func aHelperThatIsNotThereIsToldSo() async throws {
        let helper = CredentialHelper(
            program: "/nowhere/docker-credential-none", server: "https://x", environment: surroundings)
        let error = await #expect(throws: UpstreamError.self) { try await helper.credentials() }
        #expect(error?.message.contains("cannot be started") == true)
    }

    @Test func manyWhoNeedCredentialsWaitForOneRun() async throws {
        let folder = try TemporaryDirectory()
        let log = folder.file("log")
        let program = try script(folder, "echo x >> \(log); echo '{\"Username\":\"u\",\"Secret\":\"p\"}'")
        let helper = CredentialHelper(program: program, server: "https://x", environment: surroundings)
        try await withThrowingTaskGroup(of: RegistryCredentials?.self) { group in
            for _ in 0..<20 { group.addTask { try await helper.credentials() } }
            for try await found in group { #expect(found == RegistryCredentials(username: "u", password: "p")) }
        }
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\n")
    }

    @Test func aHelperThatFailsIsLeftAloneForAWhileAndWhatItSaidBeforeGoesOnServing() async throws {
        let folder = try TemporaryDirectory()
        let log = folder.file("log")
        let flag = folder.file("fails")
        let program = try script(
            folder,
            "echo x >> \(log); test -e \(flag) && exit 1; echo '{\"Username\":\"u\",\"Secret\":\"p\"}'")
        func runs() throws -> Int { try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count }
        let time = ManualTime()
        let helper = CredentialHelper(program: program, server: "https://x", environment: surroundings, now: time.now)
        let wanted = RegistryCredentials(username: "u", password: "p")
        #expect(try await helper.credentials() == wanted)
        try "".write(toFile: flag, atomically: true, encoding: .utf8)
        time.advance(3600)
        for _ in 0..<5 { #expect(try await helper.credentials() == wanted) }
        #expect(try runs() == 2)
        time.advance(1)
        for _ in 0..<5 { #expect(try await helper.credentials() == wanted) }
        #expect(try runs() == 3)
        time.advance(1)
        #expect(try await helper.credentials() == wanted)
        #expect(try runs() == 3)
        // A clock that is set back does not lengthen the rest.
        time.advance(-7200)
        #expect(try await helper.credentials() == wanted)
        #expect(try runs() == 4)
        try FileManager.default.removeItem(atPath: flag)
        time.advance(4)
        #expect(try await helper.credentials() == wanted)
        #expect(try runs() == 5)
    }

    @Test func aHelperSeesNoOthersPasswords() {
        let seen = HelperEnvironment.variables(
            of: [
                "PATH": "/bin", "HOME": "/root", "AWS_REGION": "eu", "HUB_PASSWORD": "secret", "AWS_PASSWORD": "secret",
                "NOTIFY_SOCKET": "/run/x", "LD_PRELOAD": "x.so",
            ], without: ["HUB_PASSWORD", "AWS_PASSWORD"])
        #expect(seen == ["PATH": "/bin", "HOME": "/root", "AWS_REGION": "eu"])
    }
}
