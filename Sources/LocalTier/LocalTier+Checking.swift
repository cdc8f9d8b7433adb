internal import Coordination
internal import Hashing
internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Storage
internal import Threads

/// Files that are hashed once more before they are believed.
extension LocalTier {
    /// Hashes a file that was kept by an earlier process, or long ago. One does it for all who ask.
    func isRight(_ digest: Digest, _ size: Int64) async -> Bool {
        let (check, isNew) = state.withLockedValue { state in
            if let check = state.checks[digest] { return (check, false) }
            let check = Watched<Bool?>(nil)
            state.checks[digest] = check
            return (check, true)
        }
        if isNew, !start({ [self] in await hash(digest, size, check) }) {
            state.withLockedValue { $0.checks[digest] = nil }
            check.update { $0 = false }
        }
        guard size <= Self.longestWait else { return false }
        while true {
            if let isRight = check.value { return isRight }
            if Task.isCancelled { return false }
            await check.change { $0 != nil }
        }
    }

    private func hash(_ digest: Digest, _ size: Int64, _ check: Watched<Bool?>) async {
        let isRight = await isRight(folder.file(digest, size: size), digest, size)
        if isRight {
            let time = now()
            state.withLockedValue { $0.index.check(digest, at: time) }
        } else {
            drop(digest, "its file does not hold its bytes")
        }
        state.withLockedValue { $0.checks[digest] = nil }
        check.update { $0 = isRight }
    }

    func isRight(_ file: OpenFile?, _ digest: Digest, _ size: Int64) async -> Bool {
        guard let file else { return false }
        var hasher = DigestHasher(digest.algorithm)
        while hasher.count < size {
            let step = try? await pool.run { [hasher] () -> DigestHasher? in
                var hasher = hasher
                guard let bytes = file.bytes(at: hasher.count, count: Int(min(size - hasher.count, 1 << 20))) else {
                    return nil
                }
                hasher.update(bytes)
                return hasher
            }
            guard let next = step ?? nil else { return false }
            hasher = next
        }
        return hasher.digest() == digest
    }

    func drop(_ digest: Digest, _ reason: String) {
        forget(digest)
        metrics.dropped.increment()
        logger.warning("a file on local disk was dropped", metadata: ["digest": "\(digest)", "reason": "\(reason)"])
    }

    func forget(_ digest: Digest) {
        memory.remove(digest)
        let entry = state.withLockedValue { state in
            defer { metrics.record(state.index) }
            return state.index.remove(digest)
        }
        if let entry { folder.remove(digest, size: entry.size) }
    }
}
