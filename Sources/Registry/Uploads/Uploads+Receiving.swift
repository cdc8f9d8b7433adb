internal import Coordination
internal import Hashing
internal import Metrics
internal import NIOCore
internal import OCI
internal import Storage

extension Uploads {
    /// Adds what `next` gives to the session, at the place that `part` says.
    ///
    /// - Parameter next: The content piece by piece; nil at its end.
    func append(
        _ key: Key, _ part: UploadPart, from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        open.enter(key)
        defer { open.leave(key) }
        let outcome = try await receiveOrKeep(key, part, from: next)
        try await keepCheckpoint(key)
        return outcome
    }

    private func receiveOrKeep(
        _ key: Key, _ part: UploadPart, from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        do throws(RegistryError) {
            return try await receive(key, part, from: next)
        } catch {
            // The sender may come back for the rest.
            try? await background.carryOut { () async throws(RegistryError) in try await self.keepCheckpoint(key) }
            throw error
        }
    }

    /// Adds the last of the content, if there is any, and makes the whole the blob `digest`.
    func complete(
        _ key: Key, as digest: Digest, _ part: UploadPart, from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        if part.length == 0, part.range == nil, let outcome = try await completeKnown(key, as: digest) {
            return outcome
        }
        open.enter(key)
        defer { open.leave(key) }
        if let writer = store.writer(of: digest), part.range.map({ $0.lowerBound == 0 }) ?? true,
            try await locks.withLock(key, { () async throws(RegistryError) in try await hashed(key).count == 0 })
        {
            return try await complete(key, as: digest, part, writer, from: next)
        }
        let outcome = try await receiveOrKeep(key, part, from: next)
        guard case .accepted = outcome else { return outcome }
        return try await background.carryOut { () async throws(RegistryError) in
            try await self.room.making(0) { () async throws(RegistryError) in
                try await self.complete(key, as: digest)
            }
        }
    }

    private func complete(_ key: Key, as digest: Digest) async throws(RegistryError) -> UploadOutcome {
        // The request may be gone by now, and its place among the users with it.
        open.enter(key)
        defer { open.leave(key) }
        return try await locks.withLock(key) { (check) async throws(RegistryError) in
            // Once more if it was something else by then: that has a hash of its own.
            for _ in 0..<2 {
                if let outcome = try await end(key, as: digest, check) { return outcome }
            }
            return .misplaced(try await status(key))
        }
    }

    /// What was hashed becomes the blob or nothing does.
    ///
    /// - Returns: Nil if there is something else by now.
    private func end(
        _ key: Key, as digest: Digest, _ check: () throws(RegistryError) -> Void
    ) async throws(RegistryError) -> UploadOutcome? {
        let (actual, object) = try await self.digest(key, digest.algorithm)
        try check()
        open.set(nil, key)
        do throws(StorageError) {
            if actual == digest {
                try await store.completeUpload(key.id, in: key.repository, as: digest, of: object, .durable)
            } else {
                try await store.removeUpload(key.id, in: key.repository)
            }
        } catch {
            // Nobody may end it whose sync finds nothing left to do.
            if error.code == .unsynced { try? await store.removeUpload(key.id, in: key.repository) }
            guard store.isRemote, error.code == .absent || error.code == .conflict else {
                throw RegistryError(writing: error)
            }
            return nil
        }
        return try ended(key, actual, digest, object.size)
    }

    /// - Throws: If what came is not what it was said to be.
    func ended(
        _ key: Key, _ actual: Digest, _ digest: Digest, _ size: Int64
    ) throws(RegistryError) -> UploadOutcome {
        (actual == digest ? metrics.completed : metrics.refused).increment()
        guard actual == digest else { throw Self.wrongDigest(actual, digest) }
        pushed.note(digest, size, in: key.repository)
        return .complete(digest)
    }

    /// Ends a session as it was left by the last request here, where a look at the store costs requests. What was hashed
    /// becomes the blob or nothing does: then the store is asked.
    private func completeKnown(_ key: Key, as digest: Digest) async throws(RegistryError) -> UploadOutcome? {
        guard store.isRemote, !open.isOpen(key), let known = open.resting(key), known.count > 0,
            known.hasher.algorithm == digest.algorithm, known.hasher.digest() == digest
        else { return nil }
        return try await background.carryOut { () async throws(RegistryError) in
            self.open.enter(key)
            defer { self.open.leave(key) }
            return try await self.locks.withLock(key) { (check) async throws(RegistryError) in
                try check()
                self.open.set(nil, key)
                do throws(StorageError) {
                    try await self.store.completeUpload(
                        key.id, in: key.repository, as: digest, of: known.object, .durable)
                } catch {
                    guard error.code == .absent || error.code == .conflict else { throw RegistryError(writing: error) }
                    return nil
                }
                return try self.ended(key, digest, digest, known.count)
            }
        }
    }

    private func receive(
        _ key: Key, _ part: UploadPart, from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        let size = try await locks.withLock(key) { () async throws(RegistryError) in try await hashed(key).count }
        if let range = part.range {
            guard range.lowerBound == size else { return .misplaced(UploadStatus(id: key.id, size: size)) }
            if let length = part.length, length != Int64(range.count) { throw Self.wrongLength }
        }
        if let length = part.length { try checkSize(size, adding: length) }
        var end = size
        var batch = ByteBuffer()
        do throws(RegistryError) {
            while let piece = try await next() {
                let received = end - size + Int64(batch.readableBytes + piece.readableBytes)
                if let range = part.range, received > Int64(range.count) { throw Self.wrongLength }
                var rest = piece
                if batch.readableBytes == 0, piece.readableBytes >= step {
                    batch = piece
                    rest = ByteBuffer()
                } else if let fitting = rest.readSlice(length: min(rest.readableBytes, step - batch.readableBytes)) {
                    batch.writeImmutableBuffer(fitting)
                }
                guard batch.readableBytes >= step else { continue }
                let isAdded = try await add(batch, key, at: end, before: part.length.map { size + $0 })
                guard isAdded else { return .misplaced(try await status(key)) }
                end += Int64(batch.readableBytes)
                batch.clear()
                batch.writeImmutableBuffer(rest)
            }
        } catch {
            // Keep what came before the connection broke: the client may go on from there.
            let (rest, offset) = (batch, end)
            _ = try? await background.carryOut { () async throws(RegistryError) in
                try await self.add(rest, key, at: offset)
            }
            throw error
        }
        guard try await add(batch, key, at: end) else { return .misplaced(try await status(key)) }
        end += Int64(batch.readableBytes)
        if let range = part.range, end - size != Int64(range.count) { throw Self.wrongLength }
        return .accepted(UploadStatus(id: key.id, size: end))
    }

    /// One step: all of `bytes` at `offset`, or nothing; false if the session's end is elsewhere.
    ///
    /// - Parameter end: Where what is being sent will end; nil if unknown.
    private func add(
        _ bytes: ByteBuffer, _ key: Key, at offset: Int64, before end: Int64? = nil
    ) async throws(RegistryError) -> Bool {
        guard bytes.readableBytes > 0 else { return true }
        try checkSize(offset, adding: Int64(bytes.readableBytes))
        let wanted = max(Int64(bytes.readableBytes), (end ?? offset) - offset)
        return try await room.making(wanted) { () async throws(RegistryError) in
            try await locks.withLock(key) { (check) async throws(RegistryError) in
                let hashed = try await hashed(key)
                guard hashed.count == offset else { return false }
                try check()
                // Until both are done, memory knows nothing: who comes after a failure asks the store.
                open.set(nil, key)
                let hasher = try await hash(bytes, hashed.hasher)
                let next: HashedUpload
                do throws(StorageError) {
                    next = HashedUpload(
                        hasher: hasher,
                        object: try await store.append(bytes, to: key.id, in: key.repository, after: hashed.object))
                } catch {
                    if error.code == .conflict { return false }
                    throw RegistryError(writing: error)
                }
                open.set(next, key)
                metrics.bytes.increment(by: bytes.readableBytes)
                if next.count / Self.checkpointDistance != offset / Self.checkpointDistance {
                    try await setCheckpoint(next, key)
                }
                return true
            }
        }
    }

    private func keepCheckpoint(_ key: Key) async throws(RegistryError) {
        try await locks.withLock(key) { () async throws(RegistryError) in
            guard let hashed = open.hashed(key), hashed.count > 0 else { return }
            if store.isRemote, hashed.count <= soonHashed { return }
            try await setCheckpoint(hashed, key)
        }
    }

    private func setCheckpoint(_ hashed: HashedUpload, _ key: Key) async throws(RegistryError) {
        guard let checkpoint = hashed.checkpoint else { return }
        try await written { () async throws(StorageError) in
            do throws(StorageError) {
                try await store.setCheckpoint(checkpoint, of: key.id, in: key.repository)
            } catch {
                // The bytes are here: without it they are hashed again.
                guard error.code == .noSpace else { throw error }
            }
        }
    }

    func checkSize(_ size: Int64, adding length: Int64) throws(RegistryError) {
        let most = limits.value.blobSize
        guard length <= most - size else {
            throw RegistryError(.sizeInvalid, status: 413, "the blob is larger than the \(most) bytes allowed here")
        }
    }

    static func wrongDigest(_ actual: Digest, _ expected: Digest) -> RegistryError {
        RegistryError(
            .digestInvalid, "the content's digest is \(actual) and not \(expected); begin the upload again")
    }

    static var wrongLength: RegistryError {
        RegistryError(.sizeInvalid, "the content has not the length that its range says")
    }
}
