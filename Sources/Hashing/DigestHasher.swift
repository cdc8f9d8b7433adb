internal import CCrypto
public import NIOCore
public import OCI

/// Computes a digest over bytes that arrive piece by piece. A value: a copy continues on its own.
public struct DigestHasher: Sendable {
    enum Context {
        case sha256(SHA256_CTX)
        case sha512(SHA512_CTX)
    }

    private(set) var context: Context
    /// Bytes hashed so far.
    public private(set) var count: Int64 = 0

    public var algorithm: Digest.Algorithm {
        switch context {
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    init(context: Context, count: Int64) {
        self.context = context
        self.count = count
    }

    public init(_ algorithm: Digest.Algorithm) {
        switch algorithm {
        case .sha256:
            var state = SHA256_CTX()
            entrepot_sha256_init(&state)
            context = .sha256(state)
        case .sha512:
            var state = SHA512_CTX()
            entrepot_sha512_init(&state)
            context = .sha512(state)
        }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += Int64(bytes.count)
        switch context {
        case .sha256(var state):
            entrepot_sha256_update(&state, bytes.baseAddress, bytes.count)
            context = .sha256(state)
        case .sha512(var state):
            entrepot_sha512_update(&state, bytes.baseAddress, bytes.count)
            context = .sha512(state)
        }
    }

    public mutating func update(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { update($0) }
    }

    /// The digest of everything up to here; hashing may go on afterwards.
    public func digest() -> Digest {
        switch context {
        case .sha256(var state):
            Self.digest(.sha256, length: 32) { entrepot_sha256_final(&state, $0) }
        case .sha512(var state):
            Self.digest(.sha512, length: 64) { entrepot_sha512_final(&state, $0) }
        }
    }

    private static func digest(
        _ algorithm: Digest.Algorithm, length: Int, finish: (UnsafeMutablePointer<UInt8>) -> Void
    ) -> Digest {
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            if let base = buffer.baseAddress { finish(base) }
            count = length
        }
        guard let digest = Digest(algorithm: algorithm, bytes: bytes) else {
            preconditionFailure("a hash has its algorithm's length")
        }
        return digest
    }
}

extension Digest {
    /// The digest of `bytes`.
    public init(hashing bytes: ByteBuffer, with algorithm: Algorithm = .sha256) {
        var hasher = DigestHasher(algorithm)
        hasher.update(bytes)
        self = hasher.digest()
    }
}
