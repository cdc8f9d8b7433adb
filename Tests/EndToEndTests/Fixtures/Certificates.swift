import Foundation
import TestSupport

/// A private certificate authority with a server certificate for 127.0.0.1 and a client certificate.
struct Certificates: Sendable {
    let authority: URL
    let serverCertificate: URL
    let serverKey: URL
    let clientCertificate: URL
    let clientKey: URL

    static func make(on stage: Stage) async throws -> Certificates {
        let folder = try stage.makeDirectory("pki")
        func openssl(_ arguments: String...) async throws {
            try await Command("openssl", arguments).run()
        }
        func file(_ name: String) -> URL { folder.appendingPathComponent(name) }
        func issue(_ name: String, extensions: String) async throws {
            let settings = file("\(name).ext")
            try Data(extensions.utf8).write(to: settings)
            try await openssl(
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=\(name)",
                "-keyout", file("\(name).key").path, "-out", file("\(name).csr").path)
            try await openssl(
                "x509", "-req", "-in", file("\(name).csr").path, "-CA", file("ca.crt").path, "-CAkey",
                file("ca.key").path,
                "-CAcreateserial", "-days", "2", "-extfile", settings.path, "-out", file("\(name).crt").path)
        }
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=entrepot test authority", "-keyout", file("ca.key").path, "-out", file("ca.crt").path)
        try await issue(
            "server", extensions: "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
        try await issue("client", extensions: "extendedKeyUsage=clientAuth\n")
        return Certificates(
            authority: file("ca.crt"), serverCertificate: file("server.crt"), serverKey: file("server.key"),
            clientCertificate: file("client.crt"), clientKey: file("client.key"))
    }

    /// The folder with one authority that skopeo and podman take as `--cert-dir`.
    func directoryForClients(on stage: Stage) throws -> URL {
        let folder = try stage.makeDirectory("certs.d")
        try FileManager.default.copyItem(at: authority, to: folder.appendingPathComponent("ca.crt"))
        return folder
    }
}
