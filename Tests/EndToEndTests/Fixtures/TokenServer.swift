import Foundation
import TestSupport

/// The script that speaks the Docker token protocol, with the key that docker-registry trusts.
struct TokenServer: Sendable {
    private static let issuer = "entrepot tests"
    private static let service = "upstream registry"

    private let process: RunningProcess
    private let port: UInt16
    private let certificate: URL

    static func start(on stage: Stage) async throws -> TokenServer {
        let port = FreePorts.next()
        let folder = try stage.makeDirectory("tokens")
        let key = folder.appendingPathComponent("key.pem")
        let certificate = folder.appendingPathComponent("certificate.pem")
        try await Command(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=token server",
                "-keyout", key.path, "-out", certificate.path,
            ]
        ).run()
        let process = try stage.start(
            "/usr/bin/python3",
            [
                Paths.script("token-server.py"), "\(port)", key.path, certificate.path, issuer, service,
                DockerRegistry.user, DockerRegistry.password,
            ], name: "token-server")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return TokenServer(process: process, port: port, certificate: certificate)
    }

    /// What docker-registry's configuration says about it.
    var registrySettings: [String] {
        [
            "auth:",
            "  token:",
            "    realm: \"http://127.0.0.1:\(port)/token\"",
            "    service: \"\(Self.service)\"",
            "    issuer: \"\(Self.issuer)\"",
            "    rootcertbundle: \"\(certificate.path)\"",
        ]
    }

    func stop() async {
        await process.stop()
    }
}
