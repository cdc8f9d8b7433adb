import Foundation
import TestSupport

/// The program under test, started on a configuration of its own.
struct EntrepotServer: Sendable {
    let port: UInt16
    let root: URL
    /// Its configuration file.
    let configuration: URL
    let process: RunningProcess
    /// Set when it speaks TLS.
    let certificates: Certificates?

    var host: String { "127.0.0.1:\(port)" }
    var url: String { "\(certificates == nil ? "http" : "https")://\(host)" }

    /// What is said beside the repositories.
    struct Settings: Sendable {
        var defaultRepository: String?
        var certificates: Certificates?
        /// `none`, `optional` or `required`; needs certificates.
        var clientAuthentication: String?
        /// Further keys of `[server]`.
        var server = ""
        /// Keys of `[log]`.
        var log = ""
        /// Tables of `[storage]`; nil for a folder on the stage.
        var storage: String?
        /// Further configuration files, which win.
        var files: [URL] = []
    }

    /// What opens the admin API where the configuration has ``adminTable(on:)``.
    static let adminToken = "end-to-end-admin-token"

    static func adminTable(on stage: Stage) throws -> String {
        "[admin]\ntoken_file = \"\(try stage.write(adminToken, to: "admin-token").path)\"\n"
    }

    /// Starts it and waits until it says that it is ready. `repositories` are `[repository...]` tables.
    ///
    /// - Parameters:
    ///   - port: One that is known before it starts.
    ///   - proxy: Where to ask whether it is ready, if not itself.
    static func start(
        on stage: Stage, root: URL? = nil, repositories: String, settings: Settings = Settings(),
        port: UInt16? = nil, readyThrough proxy: String? = nil
    ) async throws -> EntrepotServer {
        let port = port ?? FreePorts.next()
        let root = try root ?? stage.makeDirectory("root")
        let text = text(port: port, root: root, repositories: repositories, settings: settings)
        keepSecrets(of: text, on: stage)
        let file = try stage.write(text, to: "entrepot-\(port).toml")
        let process = try stage.start(
            Paths.entrepot.path, ([file] + settings.files).flatMap { ["-c", $0.path] } + ["server"], name: "entrepot")
        let server = EntrepotServer(
            port: port, root: root, configuration: file, process: process, certificates: settings.certificates)
        try await process.waitUntilReady {
            if let proxy { return (try? await HTTPProbe.get("\(proxy)/readyz"))?.status == 200 }
            return await server.isReady(presenting: settings.certificates)
        }
        return server
    }

    /// All that the suite's configurations and clients have of passwords, tokens and keys.
    private static func keepSecrets(of text: String, on stage: Stage) {
        for match in text.matches(of: /(?:password|secret_key|session_token) = ["']([^"'\n]+)["']/) {
            stage.keepSecret(String(match.1))
        }
        stage.keepSecret(adminToken)
        for user in ["alice", "bob", DockerRegistry.user] {
            stage.keepSecret("\(user)-secret", of: user)
            stage.keepSecret(DockerRegistry.password, of: user)
            stage.keepSecret(TokenHousehold.password, of: user)
        }
        // What only a bearer token, a signed address and a private key have.
        for mark in ["eyJhbGci", "eyJ0eXAi", "X-Amz-Signature=", "PRIVATE KEY-----"] { stage.keepSecret(mark) }
    }

    private static func text(port: UInt16, root: URL, repositories: String, settings: Settings) -> String {
        var lines = ["[server]", "bind_address = \"127.0.0.1\"", "port = \(port)", settings.server]
        if let name = settings.defaultRepository { lines += ["default_repository = \"\(name)\""] }
        if let certificates = settings.certificates {
            lines += [
                "[server.tls]",
                "server_certificate_bundle = \"\(certificates.serverCertificate.path)\"",
                "server_private_key = \"\(certificates.serverKey.path)\"",
            ]
            if let authentication = settings.clientAuthentication {
                lines += [
                    "client_ca_bundle = \"\(certificates.authority.path)\"", "client_auth = \"\(authentication)\"",
                ]
            }
        }
        if !settings.log.isEmpty { lines += ["[log]", settings.log] }
        lines += [settings.storage ?? "[storage.fs]\nroot_dir = \"\(root.path)\"", repositories]
        return lines.joined(separator: "\n")
    }

    /// Puts another configuration in the place of its own, at once, as `mv` does.
    func reconfigure(repositories: String, settings: Settings = Settings()) throws {
        let text = Self.text(port: port, root: root, repositories: repositories, settings: settings)
        try Data(text.utf8).write(to: configuration, options: .atomic)
    }

    private func isReady(presenting certificates: Certificates?) async -> Bool {
        guard FreePorts.isListening(port) else { return false }
        var options: [String] = []
        if let certificates {
            options = ["--cert", certificates.clientCertificate.path, "--key", certificates.clientKey.path]
        }
        let answer = try? await HTTPProbe.get("\(url)/readyz", authority: certificates?.authority, options: options)
        return answer?.status == 200
    }

    /// One request, on its own connection.
    func get(
        _ path: String, headers: [String: String] = [:], method: String = "GET", options: [String] = [],
        within limit: Duration = .seconds(60)
    ) async throws -> HTTPProbe.Answer {
        try await HTTPProbe.get(
            "\(url)\(path)", headers: headers, method: method, authority: certificates?.authority, options: options,
            within: limit)
    }

    /// Whether the store shows this blob, whole or not.
    func holds(_ digest: String) -> Bool {
        FileManager.default.fileExists(atPath: blobPath(digest).path)
    }

    /// Whether a repository may serve this blob.
    func grants(_ digest: String, to repository: String) -> Bool {
        let hex = digest.dropFirst("sha256:".count)
        let link = "docker/registry/v2/repositories/\(repository)/_layers/sha256/\(hex)/link"
        return FileManager.default.fileExists(atPath: root.appendingPathComponent(link).path)
    }

    func blobPath(_ digest: String) -> URL {
        let hex = digest.dropFirst("sha256:".count)
        return root.appendingPathComponent("docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data")
    }

    /// Files in the spool: what fills have left so far.
    var spooled: [String] {
        let spool = root.appendingPathComponent(".entrepot/spool").path
        return FileManager.default.subpaths(atPath: spool)?.filter { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(spool)/\(name)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        } ?? []
    }

    /// The most memory it ever had resident, in bytes.
    var peakResidentBytes: Int? {
        let status = (try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
