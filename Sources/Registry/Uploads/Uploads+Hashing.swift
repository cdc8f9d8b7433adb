internal import Hashing
internal import NIOCore
internal import OCI
internal import Storage

extension Uploads {
    /// The running hash of a session, whose count is the number of bytes received. To be called under the session's
    /// lock.
    ///
    /// If no request has it, it comes from the checkpoint in the store and what was written after that, or, if the
    /// checkpoint is of no use to this server, from the content alone.
    func hasher(_ key: Key) async throws(RegistryError) -> DigestHasher {
        if let hasher = open.hasher(key) { return hasher }
        let stored = try await stored(key)
        let size = stored.size
        if let resting = open.resting(key), resting.count == size {
            open.set(resting, key)
            return resting
        }
        let checkpoint = try await written { () async throws(StorageError) in
            stored.hasCheckpoint ? try await store.checkpoint(of: key.id, in: key.repository) : nil
        }
        var hasher = checkpoint.flatMap { DigestHasher(resuming: $0) }
        // After a power loss the content can be shorter than what was hashed.
        if hasher == nil || (hasher?.count ?? 0) > size {
            hasher = DigestHasher(checkpoint.flatMap { DigestHasher.outline(ofCheckpoint: $0) }?.algorithm ?? .sha256)
        }
        let caughtUp = try await hashRest(of: key, to: size, hasher ?? DigestHasher(.sha256))
        open.set(caughtUp, key)
        return caughtUp
    }

    /// The digest of a session's content, and how many bytes that are.
    func digest(_ key: Key, _ algorithm: Digest.Algorithm) async throws(RegistryError) -> (Digest, size: Int64) {
        let hasher = try await hasher(key)
        guard hasher.algorithm != algorithm else { return (hasher.digest(), hasher.count) }
        let other = try await hashRest(of: key, to: hasher.count, DigestHasher(algorithm))
        return (other.digest(), other.count)
    }

    private func hashRest(
        of key: Key, to size: Int64, _ start: DigestHasher
    ) async throws(RegistryError) -> DigestHasher {
        guard start.count < size else { return start }
        let content = try await written { () async throws(StorageError) in
            try await store.uploadContent(key.id, in: key.repository)
        }
        var hasher = start
        while hasher.count < size {
            let length = Int(min(size - hasher.count, Int64(step)))
            guard let piece = try await read(content, at: hasher.count, length) else {
                throw RegistryError(
                    .blobUploadInvalid, status: 500, "what was uploaded cannot be read; begin the upload again")
            }
            hasher = try await hash(piece, hasher)
        }
        return hasher
    }

    private func read(_ content: ObjectContent?, at offset: Int64, _ length: Int) async throws(RegistryError)
        -> ByteBuffer?
    {
        switch content {
        case .bytes(let bytes): bytes.getSlice(at: bytes.readerIndex + Int(offset), length: length)
        case .file(let file, _): try await inPool { file.bytes(at: offset, count: length) }
        case .remote(let object):
            try await written { () async throws(StorageError) in
                try await object.body(offset..<offset + Int64(length)).collect()
            }
        case nil: nil
        }
    }
}
