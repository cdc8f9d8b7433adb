import Foundation
import NIOSSL

/// Certificates made with the `openssl` command: an authority, certificates it signed, and a stranger's.
struct TestCertificates {
    struct Pair {
        let certificate: String
        let key: String

        var certificates: [NIOSSLCertificate] {
            get throws { try NIOSSLCertificate.fromPEMFile(certificate) }
        }
    }

    let authority: Pair
    let stranger: Pair
    let server: Pair
    let otherServer: Pair
    let client: Pair
    let strangeClient: Pair
    /// Ends after its authority.
    let lastingClient: Pair
    let folder: URL

    /// Made once for all tests.
    static let shared = Result { try TestCertificates() }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "edge-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let folder = folder.path
        func make(_ name: String, signedBy issuer: Pair? = nil, days: Int = 2) throws -> Pair {
            let pair = Pair(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
            var arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                "\(days)",
                "-subj", "/CN=\(name)", "-keyout", pair.key, "-out", pair.certificate,
            ]
            if let issuer {
                arguments += ["-CA", issuer.certificate, "-CAkey", issuer.key]
                arguments += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
            }
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["openssl"] + arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
            return pair
        }
        authority = try make("authority")
        stranger = try make("stranger")
        server = try make("server", signedBy: authority)
        otherServer = try make("other-server", signedBy: authority)
        client = try make("client", signedBy: authority)
        strangeClient = try make("strange-client", signedBy: stranger)
        lastingClient = try make("lasting-client", signedBy: authority, days: 3)
    }
}
