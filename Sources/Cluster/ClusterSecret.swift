internal import CCrypto
internal import Hashing
internal import TextEncodings

/// What all replicas know and nobody else. From it follow keys, one for each use.
public struct ClusterSecret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    private static let nonceSize = 12
    private static let tagSize = 16

    private let proofs: [UInt8]
    private let names: [UInt8]
    private let seals: [UInt8]

    public init(_ secret: String) {
        let key = Array(secret.utf8)
        proofs = HMACSHA256.code("entrepot cluster 1: proofs".utf8, key: key)
        names = HMACSHA256.code("entrepot cluster 1: names".utf8, key: key)
        seals = HMACSHA256.code("entrepot cluster 1: seals".utf8, key: key)
    }

    public var description: String { "ClusterSecret(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A code that only who knows the secret can make.
    func proof(_ message: String) -> [UInt8] { HMACSHA256.code(message.utf8, key: proofs) }

    /// A name that tells nothing of what it stands for.
    ///
    /// - Parameter parts: Each goes in with its length, so that none can pass for part of another.
    func name(_ parts: [String]) -> String { name(of: parts.map { Array($0.utf8) }) }

    /// The same of bytes.
    func name(of parts: [[UInt8]]) -> String {
        let message = parts.flatMap { Array("\($0.count):".utf8) + $0 }
        return Base64.url.encode(HMACSHA256.code(message, key: names))
    }

    /// AES-256-GCM under a random nonce.
    ///
    /// - Parameter context: What it is for: it opens for nothing else.
    func seal(_ bytes: [UInt8], for context: String) -> [UInt8]? {
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<Self.nonceSize).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let machine = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(machine) }
        let context = Array(context.utf8)
        var sealed = [UInt8](repeating: 0, count: bytes.count)
        var tag = [UInt8](repeating: 0, count: Self.tagSize)
        var count: CInt = 0
        guard EVP_EncryptInit_ex(machine, EVP_aes_256_gcm(), nil, seals, nonce) == 1,
            EVP_EncryptUpdate(machine, nil, &count, context, CInt(context.count)) == 1,
            EVP_EncryptUpdate(machine, &sealed, &count, bytes, CInt(bytes.count)) == 1
        else { return nil }
        var rest = [UInt8](repeating: 0, count: Self.tagSize)
        guard EVP_EncryptFinal_ex(machine, &rest, &count) == 1,
            EVP_CIPHER_CTX_ctrl(machine, EVP_CTRL_AEAD_GET_TAG, CInt(Self.tagSize), &tag) == 1
        else { return nil }
        return nonce + sealed + tag
    }

    /// Nil for what was not sealed with this secret, for this.
    func open(_ sealed: [UInt8], for context: String) -> [UInt8]? {
        guard sealed.count >= Self.nonceSize + Self.tagSize, let machine = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(machine) }
        let nonce = Array(sealed.prefix(Self.nonceSize))
        var tag = Array(sealed.suffix(Self.tagSize))
        let content = Array(sealed.dropFirst(Self.nonceSize).dropLast(Self.tagSize))
        let context = Array(context.utf8)
        var bytes = [UInt8](repeating: 0, count: content.count)
        var count: CInt = 0
        guard EVP_DecryptInit_ex(machine, EVP_aes_256_gcm(), nil, seals, nonce) == 1,
            EVP_DecryptUpdate(machine, nil, &count, context, CInt(context.count)) == 1,
            EVP_DecryptUpdate(machine, &bytes, &count, content, CInt(content.count)) == 1,
            EVP_CIPHER_CTX_ctrl(machine, EVP_CTRL_AEAD_SET_TAG, CInt(Self.tagSize), &tag) == 1
        else { return nil }
        var rest = [UInt8](repeating: 0, count: Self.tagSize)
        return EVP_DecryptFinal_ex(machine, &rest, &count) == 1 ? bytes : nil
    }
}
