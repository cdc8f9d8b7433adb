import Foundation
import TestSupport

/// Debian's docker-registry, as an upstream or as a reader of what Entrepot wrote.
struct DockerRegistry: Sendable {
    static let user = "someone"
    static let password = "correct horse"

    let kind: UpstreamKind
    let port: UInt16
    let certificates: Certificates?
    private let registry: RunningProcess
    private let tokens: TokenServer?

    var host: String { "127.0.0.1:\(port)" }
    var url: String { "\(kind.usesTLS ? "https" : "http")://\(host)" }

    /// Starts one on `store`, which it does not change unless it `isWritable`.
    static func start(
        _ kind: UpstreamKind = .anonymous, on stage: Stage, store: URL, isWritable: Bool = false
    ) async throws -> DockerRegistry {
        try await start(
            kind, on: stage, driver: "filesystem: {rootdirectory: \"\(store.path)\"}", isWritable: isWritable)
    }

    /// - Parameter driver: Of the store, as an entry of `storage` in its configuration.
    static func start(
        _ kind: UpstreamKind = .anonymous, on stage: Stage, driver: String, isWritable: Bool = false
    ) async throws -> DockerRegistry {
        let port = FreePorts.next()
        let certificates = kind.usesTLS ? try await Certificates.make(on: stage) : nil
        let tokens = kind == .token ? try await TokenServer.start(on: stage) : nil
        var lines = [
            "version: 0.1",
            "log: {level: warn}",
            "storage:",
            "  \(driver)", "  redirect: {disable: true}",
            "  delete: {enabled: true}",
            "  maintenance: {readonly: {enabled: \(!isWritable)}}",
            "http:",
            "  addr: \"127.0.0.1:\(port)\"",
        ]
        if let certificates {
            lines += [
                "  tls:",
                "    certificate: \"\(certificates.serverCertificate.path)\"",
                "    key: \"\(certificates.serverKey.path)\"",
            ]
            if kind == .clientCertificate { lines += ["    clientcas: [\"\(certificates.authority.path)\"]"] }
        }
        if kind == .htpasswd {
            let entry = try await Command("htpasswd", ["-Bbn", "-C", "5", user, password]).run()
            let file = try stage.write(
                entry.trimmingCharacters(in: .whitespacesAndNewlines) + "\n", to: "htpasswd-\(port)")
            lines += ["auth: {htpasswd: {realm: upstream, path: \"\(file.path)\"}}"]
        }
        if let tokens { lines += tokens.registrySettings }
        let file = try stage.write(lines.joined(separator: "\n") + "\n", to: "registry-\(port).yml")
        // Its S3 driver does not start where the environment names authorities.
        let registry = try stage.start("docker-registry", ["serve", file.path], environment: ["AWS_CA_BUNDLE": ""])
        try await registry.waitUntilReady { FreePorts.isListening(port) }
        return DockerRegistry(kind: kind, port: port, certificates: certificates, registry: registry, tokens: tokens)
    }

    /// Ends its processes: from now on the upstream is gone.
    func stop() async {
        await registry.stop()
        await tokens?.stop()
    }

    /// Ends it in the middle of whatever it does.
    func kill() async {
        await registry.kill()
    }

    /// The `[[repository."...".upstream]]` table that leads Entrepot here.
    func configuration(namespace: String) -> String {
        var lines = ["[[repository.\"\(namespace)\".upstream]]", "url = \"\(url)\"", "connect_timeout = \"5s\""]
        if kind.usesPassword { lines += ["username = \"\(Self.user)\"", "password = \"\(Self.password)\""] }
        if let certificates {
            lines += ["server_ca_bundle = \"\(certificates.authority.path)\""]
            if kind == .clientCertificate {
                lines += [
                    "client_certificate = \"\(certificates.clientCertificate.path)\"",
                    "client_private_key = \"\(certificates.clientKey.path)\"",
                ]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    struct Answer: Sendable {
        /// `GET /v2/test/app/blobs/sha256:...`
        var request: String
        var status: Int
        /// Of the body.
        var bytes: Int
    }

    /// What its access log tells of answers that are finished.
    var answers: [Answer] {
        registry.output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\"")
            guard parts.count > 2, parts[1].contains(" /v2/") else { return nil }
            let numbers = parts[2].split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 2 else { return nil }
            return Answer(
                request: parts[1].split(separator: " ").prefix(2).joined(separator: " "), status: numbers[0],
                bytes: numbers[1])
        }
    }

    /// The requests its access log tells of: `GET /v2/test/app/blobs/sha256:...`.
    var requests: [String] {
        registry.output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\"")
            guard parts.count > 1, parts[1].contains(" /v2/") else { return nil }
            return parts[1].split(separator: " ").prefix(2).joined(separator: " ")
        }
    }
}
