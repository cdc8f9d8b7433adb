internal import Hashing
internal import NIOCore
internal import OCI

/// Tells whether bytes that come piece by piece are those of a digest.
struct ContentHash: Sendable {
    private let digest: Digest
    private var hasher: DigestHasher

    init(_ digest: Digest) {
        self.digest = digest
        hasher = DigestHasher(digest.algorithm)
    }

    var count: Int64 { hasher.count }
    var isRight: Bool { hasher.digest() == digest }

    mutating func update(_ bytes: ByteBuffer) { hasher.update(bytes) }
}
