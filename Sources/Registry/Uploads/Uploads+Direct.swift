internal import Coordination
internal import Hashing
internal import Metrics
internal import NIOCore
internal import OCI
internal import Storage

extension Uploads {
    /// Brings the whole of a blob whose digest is known to its place, past the session: nothing has to be copied when it
    /// ends. What breaks off leaves nothing, and the session as it was.
    func complete(
        _ key: Key, as digest: Digest, _ part: UploadPart, _ writer: any ObjectWriter,
        from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        do throws(RegistryError) {
            let hasher = try await write(part, digest.algorithm, writer, from: next)
            let (actual, size) = (hasher.digest(), hasher.count)
            return try await background.carryOut { () async throws(RegistryError) in
                self.open.enter(key)
                defer { self.open.leave(key) }
                return try await self.locks.withLock(key) { (check) async throws(RegistryError) in
                    try check()
                    self.open.set(nil, key)
                    try await self.written { () async throws(StorageError) in
                        if actual == digest {
                            try await self.store.completeUpload(
                                key.id, in: key.repository, as: digest, of: size, writtenBy: writer)
                        } else {
                            try await self.store.removeUpload(key.id, in: key.repository)
                        }
                    }
                    return try self.ended(key, actual, digest, size)
                }
            }
        } catch {
            // In its own time: who sent it may have gone.
            _ = background.start { await writer.giveUp() }
            throw error
        }
    }

    /// - Returns: The hash of what came.
    private func write(
        _ part: UploadPart, _ algorithm: Digest.Algorithm, _ writer: any ObjectWriter,
        from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> DigestHasher {
        if let range = part.range, let length = part.length, length != Int64(range.count) { throw Self.wrongLength }
        if let length = part.length { try checkSize(0, adding: length) }
        var hasher = DigestHasher(algorithm)
        var batch = ByteBuffer()
        while var piece = try await next() {
            let received = hasher.count + Int64(batch.readableBytes + piece.readableBytes)
            try checkSize(0, adding: received)
            if let range = part.range, received > Int64(range.count) { throw Self.wrongLength }
            while let fitting = piece.readSlice(length: min(piece.readableBytes, step - batch.readableBytes)),
                fitting.readableBytes > 0
            {
                batch.writeImmutableBuffer(fitting)
                guard batch.readableBytes == step else { continue }
                hasher = try await add(batch, hasher, writer)
                batch.clear()
            }
        }
        hasher = try await add(batch, hasher, writer)
        if let range = part.range, hasher.count != Int64(range.count) { throw Self.wrongLength }
        return hasher
    }

    private func add(
        _ bytes: ByteBuffer, _ hasher: DigestHasher, _ writer: any ObjectWriter
    ) async throws(RegistryError) -> DigestHasher {
        guard bytes.readableBytes > 0 else { return hasher }
        let next = try await hash(bytes, hasher)
        try await written { () async throws(StorageError) in try await writer.append(bytes) }
        metrics.bytes.increment(by: bytes.readableBytes)
        return next
    }
}
