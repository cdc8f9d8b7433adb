internal import Coordination
internal import Hashing
internal import NIOCore
internal import OCI
internal import Storage
internal import Threads

/// One object on its way from the store behind into a file here, once, whoever and however many read it meanwhile.
final class TierFill: Sendable {
    enum Phase: Sendable {
        case running
        /// Whole, and what its digest says.
        case verified
        /// Stopped: the rest is to be had from the store behind alone.
        case left
        /// The store behind sent something else.
        case wrong
    }

    struct Progress: Sendable {
        var phase = Phase.running
        /// Bytes from the start that readers may have.
        var released: Int64 = 0
    }

    /// Bytes at the end that no reader gets before the digest is right.
    private static let holdBack: Int64 = 64 << 10

    let digest: Digest
    let object: RemoteObject
    let path: String
    let file: OpenFile
    let progress = Watched(Progress())

    init(_ digest: Digest, _ object: RemoteObject, path: String, file: OpenFile) {
        self.digest = digest
        self.object = object
        self.path = path
        self.file = file
    }

    /// Fetches, hashes and writes.
    func fetch(_ pool: ThreadPool) async -> Phase {
        let body = object.body(0..<object.size)
        var hasher = DigestHasher(digest.algorithm)
        do throws(StorageError) {
            while let piece = try await body.next() {
                let step = try? await pool.run { [file, hasher] () -> DigestHasher? in
                    var hasher = hasher
                    guard file.write(piece, at: hasher.count) else { return nil }
                    hasher.update(piece)
                    return hasher
                }
                guard let next = step ?? nil else { return .left }
                hasher = next
                let released = min(hasher.count, max(0, object.size - Self.holdBack))
                progress.update { $0.released = released }
            }
        } catch {
            return .left
        }
        return hasher.count == object.size && hasher.digest() == digest ? .verified : .wrong
    }

    func end(_ phase: Phase) {
        progress.update { progress in
            progress.phase = phase
            if case .verified = phase { progress.released = object.size }
        }
    }

    /// Waits for bytes after `offset`, or for the end.
    ///
    /// - Throws: if the wait was cancelled.
    func progress(after offset: Int64) async throws(StorageError) -> Progress {
        while true {
            let now = progress.value
            if Self.isEnough(now, offset) { return now }
            if Task.isCancelled { throw StorageError(.io, "the reader has gone") }
            await progress.change { Self.isEnough($0, offset) }
        }
    }

    private static func isEnough(_ progress: Progress, _ offset: Int64) -> Bool {
        if case .running = progress.phase { return progress.released > offset }
        return true
    }
}
