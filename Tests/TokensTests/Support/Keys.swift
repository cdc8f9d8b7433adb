import Foundation
import TestSupport
import Tokens

/// Keys and certificates as OpenSSL makes them, which shares no code with what is tested.
enum Keys {
    static let rsa = make(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    static let p256 = make(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
    static let p256InSEC1 = make(["ecparam", "-name", "prime256v1", "-genkey"])
    static let ed25519 = make(["genpkey", "-algorithm", "ED25519"])
    static let p384 = make(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"])
    static let weak = make(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])

    private static func make(_ arguments: [String]) -> Task<String, any Error> {
        Task { try await Command("openssl", arguments).run() }
    }

    static func publicKey(of pem: String) async throws -> String {
        try await withFile(pem) { try await Command("openssl", ["pkey", "-pubout", "-in", $0]).run() }
    }

    /// A certificate that the key signs itself.
    static func certificate(of pem: String) async throws -> String {
        try await withFile(pem) {
            try await Command("openssl", ["req", "-x509", "-new", "-key", $0, "-days", "2", "-subj", "/CN=tokens"])
                .run()
        }
    }

    /// What OpenSSL says of a certificate that is its own authority.
    static func verify(_ certificate: String) async throws -> String {
        try await withFile(certificate) {
            try await Command("openssl", ["verify", "-CAfile", $0, $0]).outcome().output
        }
    }

    private static let ownRSA = Task { try SigningKey.generate(.rs256) }

    /// As the program itself makes them; for RSA always the same, as that takes long.
    static func generated(_ algorithm: SignatureAlgorithm) async throws -> String {
        if algorithm == .rs256 { try await ownRSA.value } else { try SigningKey.generate(algorithm) }
    }

    private static func withFile<Value>(_ text: String, _ body: (String) async throws -> Value) async throws -> Value {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("key-\(UUID().uuidString).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        return try await body(file.path)
    }
}
