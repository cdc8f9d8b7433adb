#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Configuration
import Tokens

/// The token service of a server that has identities and no `[token]`: with a key of its own, beside the store, which all
/// servers on that store share.
///
/// With Basic alone, Docker and podman could either pull without credentials or push with them: they decide at `GET /v2/`.
enum OwnTokens {
    private static let service = ServiceName("entrepot")

    /// Makes the key where there is none. Blocks.
    static func section(root: String) throws -> TokenSection {
        let path = root + "/.entrepot/token-key.pem"
        let pem = try read(path) ?? make(path)
        guard let service else { preconditionFailure("a name of a service that cannot be one") }
        let key: SigningKey
        do { key = try SigningKey(pem: pem) } catch { throw OwnTokensError(path: path, reason: error.message) }
        return TokenSection(
            files: TokenSection.Files(key: path),
            keys: TokenKeys(signing: key, chain: nil, previous: [], idFormat: .rfc7638),
            services: [service], defaultService: service)
    }

    private static func read(_ path: String) throws -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(path, "cannot be read")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = bytes.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw failure(path, "cannot be read") }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Of several servers that make one at the same time, the first one's is everybody's.
    private static func make(_ path: String) throws -> String {
        let temporary = "\(path).\(UInt64.random(in: .min ... .max))"
        let bytes = Array(try SigningKey.generate(.es256).utf8)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "cannot be written") }
        defer { unlink(temporary) }
        let isWritten = systemWrite(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, link(temporary, path) == 0 || errno == EEXIST, let pem = try read(path) else {
            throw failure(path, "cannot be written")
        }
        return pem
    }

    private static func failure(_ path: String, _ what: String) -> OwnTokensError {
        OwnTokensError(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}

#if canImport(Glibc)
    private let systemRead = Glibc.read
    private let systemWrite = Glibc.write
#elseif canImport(Musl)
    private let systemRead = Musl.read
    private let systemWrite = Musl.write
#else
    private let systemRead = Darwin.read
    private let systemWrite = Darwin.write
#endif

struct OwnTokensError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String {
        "the key that signs tokens, '\(path)', \(reason); correct that, or name a key of your own as token.key"
    }
}
