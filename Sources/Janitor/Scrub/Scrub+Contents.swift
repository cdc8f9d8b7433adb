internal import OCI
internal import Registry
internal import Storage

/// Bytes, by their digests.
extension Scrub {
    mutating func lookAtContents() async throws {
        var all: [PackedDigest] = []
        var total: Int64 = 0
        for algorithm in Digest.Algorithm.allCases {
            var shelves: [String] = []
            do { shelves = try await store.contentShelves(algorithm) } catch {
                try unreadable(algorithm.rawValue, nil, error)
            }
            for shelf in shelves {
                var digests: [Digest] = []
                do { digests = try await store.contents(algorithm, shelf: shelf) } catch {
                    try unreadable("\(algorithm.rawValue)/\(shelf)", nil, error)
                }
                for digest in digests {
                    try await pacer.pace()
                    do {
                        guard let info = try await store.blobInfo(digest) else { continue }
                        all.append(PackedDigest(digest))
                        total += info.size
                    } catch {
                        try unreadable(digest, nil, error)
                    }
                }
            }
        }
        var reading = Reading(total: total)
        for packed in all {
            let digest = packed.digest
            count("contents")
            do { try await lookAtContent(digest, &reading) } catch { try unreadable(digest, nil, error) }
        }
        counts["bytes"] = reading.done
    }

    private mutating func lookAtContent(_ digest: Digest, _ reading: inout Reading) async throws {
        // Twice: what a cable or a memory did is no reason to move what is whole.
        guard try await lookForDamage(digest, &reading) != nil, let damage = try await lookForDamage(digest, &reading)
        else { return }
        let isPrecious = isBlind || precious.contains(digest)
        let repair = try await repairing(ifStill: { (registry) async throws in
            // The right bytes may have been pushed meanwhile.
            guard try await isPrecious ? store.quarantine(damage) : store.remove(damage) else { return nil }
            return await refetch(digest, registry) ? .refetched : isPrecious ? .quarantined : .removed
        })
        if let repair { found(ScrubFinding(.damagedContent, repair, digest)) }
    }

    /// How far it is.
    private struct Reading {
        var done: Int64 = 0
        let total: Int64
        let start = ContinuousClock.now

        init(total: Int64) { self.total = total }
    }

    private mutating func lookForDamage(_ digest: Digest, _ reading: inout Reading) async throws -> DamagedContent? {
        try await store.damage(of: digest) { (bytes) async throws(CancellationError) in
            reading.done += Int64(bytes)
            report(min(reading.done, reading.total), reading.total)
            try await keepRate(reading.done, since: reading.start)
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
