import Foundation
import TestSupport
import Testing

/// `entrepot upstream probe`, which needs no server of ours, before registries that admit clients in different ways.
@Suite struct UpstreamProbeTests {
    private static let image = "up.test/test/app:multi"

    /// What is wrong with the configuration, and what is said of it.
    enum Flaw: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case unknownAuthority, wrongPassword, noPassword, wrongPasswordForTokens, unknownName, closedPort, plainPort
        case noClientCertificate, absentTag

        var testDescription: String { rawValue }

        var kind: UpstreamKind {
            switch self {
            case .unknownAuthority: .privateAuthority
            case .wrongPassword, .noPassword: .htpasswd
            case .wrongPasswordForTokens: .token
            case .noClientCertificate: .clientCertificate
            case .unknownName, .closedPort, .plainPort, .absentTag: .anonymous
            }
        }

        /// The last step, and words of its finding and remedy.
        var expected: (step: String, words: [String]) {
            switch self {
            case .unknownAuthority: ("tls", ["server", "entrepot test authority", "until", "server_ca_bundle"])
            case .wrongPassword: ("manifest", ["answered 401", "correct username and password"])
            case .noPassword: ("credentials", ["none are configured", "password_file"])
            case .wrongPasswordForTokens: ("token", ["token service", "401", "correct username and password"])
            case .unknownName: ("dns", ["registry.invalid does not resolve", "correct the host in url"])
            case .closedPort: ("tcp", ["host and port in url"])
            case .plainPort: ("tls", ["write http://"])
            case .noClientCertificate: ("challenge", ["client_certificate"])
            case .absentTag: ("manifest", ["404", "correct the repository or the tag"])
            }
        }

        func configuration(_ upstream: DockerRegistry) -> String {
            let table = upstream.configuration(namespace: "up.test")
            func without(_ keys: String...) -> String {
                table.split(separator: "\n").filter { line in !keys.contains { line.hasPrefix($0) } }
                    .joined(separator: "\n") + "\n"
            }
            return switch self {
            case .unknownAuthority: without("server_ca_bundle")
            case .wrongPassword, .wrongPasswordForTokens:
                table.replacingOccurrences(of: DockerRegistry.password, with: "wrong")
            case .noPassword: without("username", "password")
            case .unknownName: table.replacingOccurrences(of: upstream.host, with: "registry.invalid")
            case .closedPort: table.replacingOccurrences(of: upstream.host, with: "127.0.0.1:\(FreePorts.next())")
            case .plainPort: table.replacingOccurrences(of: "http://", with: "https://")
            case .noClientCertificate: without("client_")
            case .absentTag: table
            }
        }
    }

    @Test(arguments: UpstreamKind.allCases)
    func everyStepOfAPullThatWouldSucceedIsShown(kind: UpstreamKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(kind, on: stage, store: images.store)
            let (status, output) = try await Self.probe(
                Self.image, stage, upstream.configuration(namespace: "up.test"))
            #expect(status == .success, "\(output)")
            var steps = ["dns", "tcp"]
            if kind.usesTLS { steps.append("tls") }
            steps.append("challenge")
            if kind == .htpasswd { steps.append("credentials") }
            // Only this one asks with a challenge of that kind.
            if kind == .token { steps.append("token") }
            #expect(Self.steps(output).map(\.name) == steps + ["manifest"])
            #expect(Self.steps(output).allSatisfy { $0.state == "ok" }, "\(output)")
            #expect(output.contains(images.facts.index))
            #expect(output.contains("a pull would succeed, from 127.0.0.1:\(upstream.port)"))
            #expect(!output.contains(DockerRegistry.password))
        }
    }

    @Test(arguments: Flaw.allCases)
    func whatGoesWrongIsShownWithARemedy(flaw: Flaw) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(flaw.kind, on: stage, store: images.store)
            let image = flaw == .absentTag ? "up.test/test/app:absent" : Self.image
            let (status, output) = try await Self.probe(image, stage, flaw.configuration(upstream))
            #expect(status == .exited(1))
            let (step, words) = flaw.expected
            let failed = Self.steps(output).filter { $0.state != "ok" }
            #expect(failed.first?.name == step, "\(output)")
            #expect(Self.steps(output).contains { $0.state == "FAILED" }, "\(output)")
            for word in words { #expect(output.contains(word), "\(word): \(output)") }
            #expect(output.contains("a pull would fail"))
        }
    }

    @Test func theSecondUpstreamMakesThePullSucceed() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let dead = "[[repository.\"up.test\".upstream]]\nurl = \"http://127.0.0.1:\(FreePorts.next())\"\n"
            let (status, output) = try await Self.probe(
                Self.image, stage, dead + upstream.configuration(namespace: "up.test"))
            #expect(status == .success)
            #expect(Self.steps(output).contains { $0.state == "FAILED" })
            #expect(output.contains("from 127.0.0.1:\(upstream.port)"))
        }
    }

    @Test(arguments: [
        ("nowhere.test/x", "no namespace takes the repository", 1), ("local/x", "it is local", 1), ("UP", "name", 2),
        ("up.test/x:-", "neither a tag nor a digest", 2),
    ])
    func whatCannotBeProbedIsToldSo(image: String, words: String, exit: Int32) async throws {
        try await Stage.with { stage in
            let (status, output) = try await Self.probe(
                image, stage, "[[repository.\"up.test\".upstream]]\nurl = \"http://127.0.0.1:1\"\n[repository.local]\n")
            #expect(status == .exited(exit))
            #expect(output.contains(words), "\(output)")
        }
    }

    private static func probe(
        _ image: String, _ stage: Stage, _ configuration: String
    ) async throws -> (status: TestSupport.ExitStatus, output: String) {
        let file = try stage.write(configuration, to: "probe.toml")
        return try await Command(Paths.entrepot.path, ["-c", file.path, "upstream", "probe", image]).outcome()
    }

    private static func steps(_ output: String) -> [(name: String, state: String)] {
        output.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard line.hasPrefix("  "), words.count > 2, words[0] != "->" else { return nil }
            return (name: String(words[0]), state: String(words[1]))
        }
    }
}
