import Foundation

/// A private authority and, signed by it, a server certificate for 127.0.0.1 and localhost, one for `other.example` only
/// and a client certificate, made anew with the `openssl` command in a directory that goes with this object.
public final class TestCertificates: Sendable {
    private let directory: URL

    public var authority: String { path("ca.pem") }
    public var server: String { path("server.pem") }
    public var serverKey: String { path("server.key") }
    /// Certifies `other.example` and nothing else.
    public var other: String { path("other.pem") }
    public var otherKey: String { path("other.key") }
    public var client: String { path("client.pem") }
    public var clientKey: String { path("client.key") }

    /// - Parameter authority: Whose authority signs; nil makes another.
    public init(signedBy authority: TestCertificates? = nil) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "entrepot-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        if let authority {
            for name in ["ca.key", "ca.pem"] {
                try FileManager.default.copyItem(atPath: authority.path(name), toPath: path(name))
            }
        } else {
            try openssl(
                ["req", "-x509"] + key + ["-subj", "/CN=Test Authority", "-keyout", "ca.key", "-out", "ca.pem"])
        }
        for (name, extensions) in [
            ("server", ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]),
            ("other", ["-addext", "subjectAltName=DNS:other.example"]), ("client", []),
        ] {
            try openssl(
                ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key"] + key + extensions + [
                    "-addext", "basicConstraints=critical,CA:FALSE", "-subj", "/O=Test \(name)/CN=\(name)", "-keyout",
                    "\(name).key",
                    "-out", "\(name).pem",
                ])
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    private func path(_ name: String) -> String { directory.appending(path: name).path }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = directory
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        struct Failed: Error { let arguments: [String] }
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }
}
