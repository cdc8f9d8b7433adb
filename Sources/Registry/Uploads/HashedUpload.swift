internal import Hashing
internal import OCI
internal import Storage

/// The hash of what an upload session consists of, and of nothing else: another server may have put something else of the same
/// size there, for which it must not be taken.
struct HashedUpload: Sendable {
    let hasher: DigestHasher
    /// What was hashed.
    let object: GrownObject

    var count: Int64 { hasher.count }

    static func nothing(_ algorithm: Digest.Algorithm) -> Self {
        HashedUpload(hasher: DigestHasher(algorithm), object: .nothing)
    }

    /// Nil where it cannot be told what was hashed: then nothing is to be known of it.
    var checkpoint: UploadCheckpoint? {
        object.stamp.map { UploadCheckpoint(hash: hasher.checkpoint(), stamp: $0) }
    }
}
