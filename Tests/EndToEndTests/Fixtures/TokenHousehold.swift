import Foundation
import TestSupport

/// An Entrepot that gives tokens: alice may do everything below `team`, bob pulls there, and nobody else may anything.
struct TokenHousehold: Sendable {
    static let password = "correct horse"

    let stage: Stage
    let key: URL
    let certificate: URL
    private let hash: String

    /// - Parameter algorithm: Of the key.
    static func make(on stage: Stage, algorithm: String = "RS256") async throws -> TokenHousehold {
        let folder = try stage.makeDirectory("token")
        let key = folder.appendingPathComponent("key.pem")
        let certificate = folder.appendingPathComponent("cert.pem")
        try await Command(
            Paths.entrepot.path,
            ["token", "keygen", "--alg", algorithm, "--key", key.path, "--cert", certificate.path]
        ).run()
        let entry = try await Command("htpasswd", ["-Bbn", "-C", "5", "x", password]).run()
        let hash = entry.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst(2)
        return TokenHousehold(stage: stage, key: key, certificate: certificate, hash: String(hash))
    }

    /// - Parameter token: Further keys of `[token]`.
    func tables(token: String = "", people: [String] = ["alice", "bob"]) -> String {
        var lines = [
            "[token]", "key = \"\(key.path)\"", "cert_chain = \"\(certificate.path)\"",
            "services = [\"entrepot\", \"\(TrustingRegistry.service)\"]", "default_service = \"entrepot\"", token,
        ]
        for name in people {
            lines += ["[identity.\(name)]", "username = \"\(name)\"", "password = '\(hash)'"]
        }
        lines += [
            "[repository.team]", "[repository.team.access_policy]", "default_allow = false",
            "rules = [\"identity.id == 'alice'\", \"identity.id == 'bob' && request.operation in ['pull', 'list']\"]",
        ]
        return lines.joined(separator: "\n")
    }

    func server(token: String = "") async throws -> EntrepotServer {
        try await EntrepotServer.start(on: stage, repositories: tables(token: token))
    }
}
