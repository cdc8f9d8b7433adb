internal import Hashing
internal import NIOCore
internal import OCI
internal import Storage

extension Uploads {
    /// The running hash of a session, whose count is the number of bytes received. To be called under the session's
    /// lock.
    ///
    /// Whatever is known of it is known of what the store had then. Where other servers may have written meanwhile the store is
    /// asked, and what it has now is hashed as far as nobody knows its hash: by what this server left in memory, or any
    /// server in the checkpoint.
    func hashed(_ key: Key) async throws(RegistryError) -> HashedUpload {
        let known = open.hashed(key)
        if let known, known.object.stamp != nil, locks.isAlone { return known }
        let stored = try await stored(key)
        var start = [known, open.resting(key)].compactMap { $0 }.first { stored.growth.begins(with: $0.object) }
        if start.map({ $0.count < stored.size }) ?? true, stored.hasCheckpoint {
            let kept = try await kept(key, stored.growth)
            if start == nil || kept.count > (start?.count ?? 0) { start = kept }
        }
        let caughtUp = try await hashRest(
            of: key, to: stored.size, start ?? .nothing(known?.hasher.algorithm ?? .sha256))
        open.set(caughtUp, key)
        return caughtUp
    }

    /// How far any server has hashed it; nothing, if that was something else.
    private func kept(_ key: Key, _ growth: Growth) async throws(RegistryError) -> HashedUpload {
        let checkpoint = try await written { () async throws(StorageError) in
            try await store.checkpoint(of: key.id, in: key.repository)
        }
        guard let checkpoint else { return .nothing(.sha256) }
        if let hasher = DigestHasher(resuming: checkpoint.hash) {
            let object = GrownObject(size: hasher.count, stamp: checkpoint.stamp)
            if growth.begins(with: object) { return HashedUpload(hasher: hasher, object: object) }
        }
        return .nothing(DigestHasher.outline(ofCheckpoint: checkpoint.hash)?.algorithm ?? .sha256)
    }

    /// The digest of a session's content, and of what it is the digest.
    func digest(
        _ key: Key, _ algorithm: Digest.Algorithm
    ) async throws(RegistryError) -> (digest: Digest, object: GrownObject) {
        var hashed = try await hashed(key)
        if hashed.hasher.algorithm != algorithm {
            hashed = try await hashRest(of: key, to: hashed.count, .nothing(algorithm))
        }
        return (hashed.hasher.digest(), hashed.object)
    }

    private func hashRest(
        of key: Key, to size: Int64, _ start: HashedUpload
    ) async throws(RegistryError) -> HashedUpload {
        guard start.count < size || start.object.stamp == nil else {
            // After a power loss the content can be shorter than what was hashed.
            guard start.count > size else { return start }
            return try await hashRest(of: key, to: size, .nothing(start.hasher.algorithm))
        }
        let grown = try await written { () async throws(StorageError) in
            try await store.uploadContent(key.id, in: key.repository)
        }
        guard let grown, grown.content.size >= size else { throw Self.unreadable }
        // Meanwhile somebody may have written something else where that was.
        var hasher =
            grown.former.begins(with: start.object) ? start.hasher : DigestHasher(start.hasher.algorithm)
        while hasher.count < size {
            let length = Int(min(size - hasher.count, Int64(step)))
            guard let piece = try await read(grown.content, at: hasher.count, length), piece.readableBytes == length
            else { throw Self.unreadable }
            hasher = try await hash(piece, hasher)
        }
        return HashedUpload(hasher: hasher, object: grown.growth.beginning(size))
    }

    private static let unreadable = RegistryError(
        .blobUploadInvalid, status: 500, "what was uploaded cannot be read; begin the upload again")

    private func read(_ content: ObjectContent, at offset: Int64, _ length: Int) async throws(RegistryError)
        -> ByteBuffer?
    {
        switch content {
        case .bytes(let bytes): bytes.getSlice(at: bytes.readerIndex + Int(offset), length: length)
        case .file(let file, _): try await inPool { file.bytes(at: offset, count: length) }
        case .remote(let object):
            try await written { () async throws(StorageError) in
                try await object.body(offset..<offset + Int64(length)).collect()
            }
        }
    }
}
