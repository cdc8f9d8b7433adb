#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Configuration
import Doctor
import HTTPServer

/// Tries what a configuration names, without running anything: all that the server would stumble over later. Files are read
/// and nothing is written. Blocks.
struct ConfigurationTrial {
    private let configuration: Configuration
    private var problems: [ConfigurationProblem] = []

    /// - Parameter looksAtAll: Whether to report also what the server starts without and tries again and again: lists and spool
    ///   folders, which may be on a medium that comes later.
    /// - Throws: every problem that was found.
    static func run(_ configuration: Configuration, looksAtAll: Bool = false) throws(ConfigurationProblems) {
        var trial = ConfigurationTrial(configuration: configuration)
        trial.tryServerTLS()
        trial.tryUpstreams()
        trial.tryFolders()
        trial.tryAuditFiles()
        if looksAtAll { trial.tryWhatMayComeLater() }
        guard trial.problems.isEmpty else { throw ConfigurationProblems(trial.problems) }
    }

    private mutating func report(_ key: String, _ message: String, _ remedy: String) {
        problems.append(
            ConfigurationProblem(file: nil, line: nil, keyPath: key, message: message, remedy: remedy))
    }

    private mutating func tryServerTLS() {
        guard let section = configuration.server.tls else { return }
        tryPair(
            "server.tls", certificate: ("server_certificate_bundle", section.serverCertificateBundle),
            key: ("server_private_key", section.serverPrivateKey))
        if let clients = section.clients { tryAuthorities("server.tls.client_ca_bundle", clients.caBundle) }
    }

    private mutating func tryUpstreams() {
        for repository in configuration.repositories {
            for (index, upstream) in repository.upstreams.enumerated() {
                let table = "repository.\"\(repository.name)\".upstream[\(index)]"
                if let pair = upstream.clientCertificate {
                    tryPair(
                        table, certificate: ("client_certificate", pair.certificate),
                        key: ("client_private_key", pair.privateKey))
                }
                if let bundle = upstream.serverCABundle { tryAuthorities("\(table).server_ca_bundle", bundle) }
            }
        }
    }

    private mutating func tryPair(
        _ table: String, certificate: (key: String, path: String), key: (key: String, path: String)
    ) {
        do throws(TLSMaterialError) {
            _ = try TLSMaterial(certificateChain: .file(certificate.path), privateKey: .file(key.path))
        } catch {
            switch error {
            case .unreadableCertificate, .missingClientAuthorities:
                report(
                    "\(table).\(certificate.key)",
                    "\(certificate.path) \(PEMContents(certificate.path).whyNoCertificate)",
                    "name a file with PEM certificates, the server's or client's own first")
            case .unreadableKey:
                report(
                    "\(table).\(key.key)", "\(key.path) \(PEMContents(key.path).whyNoKey)",
                    "name a file with one private key in PEM, not encrypted")
            case .mismatch:
                report(
                    "\(table).\(key.key)", "\(key.path) is not the key of the certificate in \(certificate.path)",
                    "name the key that the certificate was made for")
            }
        }
    }

    private mutating func tryAuthorities(_ key: String, _ path: String) {
        do throws(TLSMaterialError) {
            try TLSMaterial.checkAuthorities(.file(path))
        } catch {
            report(
                key, "\(path) \(PEMContents(path).whyNoCertificate)",
                "name a file with the authorities' certificates in PEM")
        }
    }

    private mutating func tryFolders() {
        switch configuration.storage {
        case .fileSystem(let root): tryFolder(root, "storage.fs.root_dir")
        case .s3(let section):
            tryFolder(section.spoolDirectory, "storage.s3.spool_dir")
            if let bundle = section.caBundle { tryAuthorities("storage.s3.ca_bundle", bundle) }
        }
    }

    private mutating func tryAuditFiles() {
        for (index, sink) in configuration.auditSinks.enumerated() {
            guard let path = sink.path else { continue }
            let key = "audit.sink[\(index)].path"
            let folder = PathStep.parent(of: path)
            var status = stat()
            if let obstacle = FolderObstacle(folder) {
                report(key, obstacle.message, obstacle.remedy)
            } else if stat(folder, &status) != 0 {
                report(key, "\(folder) is not there", "make it, and give it to the user that entrepot runs as")
            } else if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                report(key, "\(path) is a folder", "name a file")
            } else if access(path, W_OK) != 0, errno != ENOENT {
                report(
                    key, "\(path) may not be written to: \(String(cString: strerror(errno)))",
                    "give the file to the user that entrepot runs as")
            }
        }
    }

    private mutating func tryWhatMayComeLater() {
        for (index, seed) in configuration.seeds.enumerated() {
            guard let reason = BoundedFile.reasonUnreadable(seed.list, mayBeEmpty: true) else { continue }
            report(
                "seed[\(index)].list", "\(seed.list) cannot be read: \(reason)",
                "correct the path or the file's permissions")
        }
        for (index, spooler) in configuration.spoolers.enumerated() {
            tryFolder(spooler.directory, "spooler[\(index)].directory")
        }
    }

    /// The root, or the place where it is to be made, must be a folder that may be written to.
    private mutating func tryFolder(_ root: String, _ key: String) {
        guard let obstacle = FolderObstacle(root) else { return }
        report(key, obstacle.message, obstacle.remedy)
    }
}

/// What the labels of a file's PEM blocks say of it, for words that help.
private struct PEMContents {
    private let text: String

    init(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            text = ""
            return
        }
        defer { close(descriptor) }
        let limit = 1 << 20
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, limit))
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    private func holds(_ label: String) -> Bool { text.contains("-----BEGIN \(label)") }

    private var holdsKey: Bool {
        ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"].contains(where: holds)
    }

    var whyNoCertificate: String {
        if holds("CERTIFICATE") { return "holds a certificate that cannot be read" }
        if holdsKey { return "holds a private key and no certificate" }
        return text.contains("-----BEGIN ") ? "holds no certificate" : "is not PEM"
    }

    var whyNoKey: String {
        if holds("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return "is encrypted, and nobody is there to be asked for its passphrase"
        }
        if holdsKey { return "holds a private key that cannot be read" }
        if holds("PUBLIC KEY") || holds("RSA PUBLIC KEY") { return "holds a public key and no private one" }
        if holds("CERTIFICATE") { return "holds a certificate and no private key" }
        return text.contains("-----BEGIN ") ? "holds no private key" : "is not PEM"
    }
}
