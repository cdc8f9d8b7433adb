#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import Tokens

struct TokenKeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a key that signs tokens, and a certificate for it.",
        discussion: """
            The key is for token.key, readable by its owner alone; the certificate for token.cert_chain and for the \
            rootcertbundle of registries that are to trust the tokens. Files that exist are not overwritten.
            """)

    @Option(help: "RS256, which every registry knows, ES256 or EdDSA.", transform: SignatureAlgorithm.parsed)
    var alg: SignatureAlgorithm = .rs256
    @Option(help: "The file to write the private key to.") var key: String
    @Option(help: "The file to write the certificate to; without it none is made.") var cert: String?
    @Option(help: "The certificate's common name.") var name = "entrepot"
    @Option(help: "How many days the certificate is valid.") var days = 3650

    private static let days = 1...36_500

    func validate() throws {
        guard Self.days.contains(days) else {
            throw ValidationError("--days is between \(Self.days.lowerBound) and \(Self.days.upperBound).")
        }
    }

    func run() throws {
        let pem = try SigningKey.generate(alg)
        let signingKey = try SigningKey(pem: pem)
        // Clocks of registries may be behind.
        let certificate = try cert.map { _ in
            try signingKey.selfSignedCertificate(name: name, from: WallClock.seconds() - 3600, days: days)
        }
        try Self.create(key, pem, mode: 0o600)
        if let cert, let certificate { try Self.create(cert, certificate, mode: 0o644) }
        print("alg       \(alg.rawValue)")
        for format in KeyIDFormat.allCases {
            print("\(format == .rfc7638 ? "rfc7638 " : "libtrust")  \(signingKey.publicKey.id(format))")
        }
    }

    private static func create(_ path: String, _ text: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> any Error {
        StandardError.write("entrepot: '\(path)' cannot be written: \(String(cString: strerror(errno)))\n")
        return ExitCode.failure
    }
}

extension SignatureAlgorithm {
    fileprivate static func parsed(_ text: String) throws -> SignatureAlgorithm {
        guard let algorithm = allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            throw ValidationError("The algorithm is one of \(allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return algorithm
    }
}
