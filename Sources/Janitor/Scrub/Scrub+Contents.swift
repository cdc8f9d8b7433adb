internal import OCI
internal import Registry
internal import Storage

/// Bytes, by their digests.
extension Scrub {
    mutating func lookAtContents() async throws {
        var all: [PackedDigest] = []
        var total: Int64 = 0
        for algorithm in Digest.Algorithm.allCases {
            for shelf in try await store.contentShelves(algorithm) {
                for digest in try await store.contents(algorithm, shelf: shelf) {
                    try await pacer.pace()
                    guard let info = try await store.blobInfo(digest) else { continue }
                    all.append(PackedDigest(digest))
                    total += info.size
                }
            }
        }
        var reading = Reading(total: total)
        for packed in all {
            let digest = packed.digest
            count("contents")
            do throws(StorageError) {
                // Twice: what a cable or a memory did is no reason to move what is whole.
                guard try await isDamaged(digest, &reading), try await isDamaged(digest, &reading) else { continue }
            } catch {
                guard !(error.cause is CancellationError) else { throw CancellationError() }
                found(ScrubFinding(.unreadableContent, .none, digest, in: nil, "\(error)"))
                continue
            }
            let isPrecious = precious.contains(digest)
            let repair = try await repairing { (registry) async throws in
                var repair = ScrubFinding.Repair.removed
                if isPrecious {
                    guard try await store.quarantine(digest) else { return .none }
                    repair = .quarantined
                } else {
                    try await store.removeDamaged(digest)
                }
                return await refetch(digest, registry) ? .refetched : repair
            }
            found(ScrubFinding(.damagedContent, repair, digest))
        }
        counts["bytes"] = reading.done
    }

    /// How far it is.
    private struct Reading {
        var done: Int64 = 0
        let total: Int64
        let start = ContinuousClock.now

        init(total: Int64) { self.total = total }
    }

    private mutating func isDamaged(_ digest: Digest, _ reading: inout Reading) async throws(StorageError) -> Bool {
        do {
            return try await store.isWhole(digest) { (bytes) async throws(CancellationError) in
                reading.done += Int64(bytes)
                report(min(reading.done, reading.total), reading.total)
                try await keepRate(reading.done, since: reading.start)
            } == false
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.io, "scrub was interrupted", cause: error)
        }
    }

    /// Whether an upstream of one of the repositories that have it gave it again.
    private func refetch(_ digest: Digest, _ registry: Registry) async -> Bool {
        for name in names {
            guard let repository = try? settings.namespaces.repository(name), repository.name == name,
                !repository.namespace.upstreams.isEmpty, !repository.namespace.isOffline,
                // That it cannot be had is no failure of scrub: it is told that it was moved away.
                let isHere = try? await registry.refetch(digest, in: repository)
            else { continue }
            if isHere { return true }
        }
        return false
    }

    private mutating func keepRate(_ done: Int64, since start: ContinuousClock.Instant) async throws(CancellationError)
    {
        try await pacer.pace()
        guard let rate, rate > 0 else { return }
        let ahead = Duration.seconds(Double(done) / Double(rate)) - (ContinuousClock.now - start)
        guard ahead > .milliseconds(20) else { return }
        do { try await Task.sleep(for: ahead) } catch { throw CancellationError() }
    }
}
