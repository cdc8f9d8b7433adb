import Foundation
import TestSupport

/// Debian's docker-registry, which takes the tokens that an Entrepot gives and knows nobody itself.
struct TrustingRegistry: Sendable {
    static let service = "trusting registry"

    let port: UInt16
    private let process: RunningProcess

    var host: String { "127.0.0.1:\(port)" }
    var url: String { "http://\(host)" }

    /// - Parameters:
    ///   - issuer: The Entrepot.
    ///   - certificate: Of the key it signs with.
    static func start(on stage: Stage, issuer: EntrepotServer, certificate: URL) async throws -> TrustingRegistry {
        let port = FreePorts.next()
        let store = try stage.makeDirectory("trusting")
        let configuration = """
            version: 0.1
            log: {level: warn}
            storage:
              filesystem: {rootdirectory: "\(store.path)"}
              delete: {enabled: true}
            http:
              addr: "\("127.0.0.1:\(port)")"
            auth:
              token:
                realm: "\(issuer.url)/auth/token"
                service: "\(service)"
                issuer: "entrepot"
                rootcertbundle: "\(certificate.path)"
            """
        let file = try stage.write(configuration + "\n", to: "trusting-\(port).yml")
        let process = try stage.start("docker-registry", ["serve", file.path], name: "trusting-registry")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return TrustingRegistry(port: port, process: process)
    }
}
