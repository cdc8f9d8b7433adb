import Metrics
import OCI
import Storage

/// Bytes, by the links of all repositories.
extension Collection {
    mutating func collectContents() async throws {
        for algorithm in Digest.Algorithm.allCases {
            var names: [String] = []
            do { names = try await store.contentShelves(algorithm) } catch { try note(error, algorithm.rawValue) }
            for shelf in names {
                try await pacer.pace()
                do { try await collect(algorithm, shelf) } catch { try note(error, "\(algorithm.rawValue)/\(shelf)") }
            }
        }
        for content in condemnable { try await condemn(content.digest) }
        if isDry { return }
        do { try await dropOldMarks() } catch { try note(error, "marks of contents") }
    }

    /// Marks of what is gone.
    private func dropOldMarks() async throws {
        var gone: [Digest] = []
        let oldest = now - max(settings.grace, 1) * 10
        if marked.values.contains(where: { $0.time < oldest }) {
            try await store.condemnedContents { digest, mark in if mark.time < oldest { gone.append(digest) } }
        }
        for digest in gone where try await store.blobInfo(digest) == nil { try await store.rescue(.content(digest)) }
    }

    private mutating func condemn(_ digest: Digest) async throws {
        try await pacer.pace()
        do {
            if isDry {
                count("condemnedBytes", try await store.blobInfo(digest)?.size ?? 0)
            } else {
                try await store.condemn(.content(digest), at: now, by: round)
            }
            count("condemned", 1)
        } catch {
            try note(error, digest)
        }
    }

    private mutating func collect(_ algorithm: Digest.Algorithm, _ shelf: String) async throws {
        let place = "\(algorithm.rawValue)/\(shelf)"
        let before = known.shelves[place]
        var found: LinkedDigests?
        if let before, before.contents.allSatisfy({ !hasWork($0) }) {
            found = try await store.contents(algorithm, shelf: shelf, unless: before.version)
            if found == nil {
                count("contents", Int64(before.contents.count))
                shelves[place] = before
                return
            }
        }
        let contents: LinkedDigests? =
            if let found { found } else { try await store.contents(algorithm, shelf: shelf, unless: nil) }
        guard let contents else { return }
        for digest in contents.digests {
            try await pacer.pace()
            count("contents", 1)
            do { try await collect(digest) } catch { try note(error, digest) }
        }
        guard let version = contents.version, contents.digests.count <= CollectionMemory.capacity / 256 else { return }
        shelves[place] = CollectionMemory.Shelf(
            version: version, contents: contents.digests.map { PackedDigest($0).key })
    }

    /// Whether a content is to be condemned, removed, or let live.
    private func hasWork(_ key: Key) -> Bool {
        guard let mark = marked[key] else { return !links.needed.contains(key) }
        return links.needed.contains(key) || (isRipe(mark.time) && !links.doomed.contains(key))
    }

    private mutating func collect(_ digest: Digest) async throws {
        let key = PackedDigest(digest).key
        let mark = marked[key]
        if links.needed.contains(key) {
            if mark != nil, !isDry { try await store.rescue(.content(digest)) }
        } else if isBlind {
            return
        } else if let mark {
            guard isRipe(mark.time), !links.doomed.contains(key), let bytes = try await remove(digest, mark)
            else { return }
            count("removedContents", 1)
            count("freedBytes", bytes)
            if isDry { return }
            Counter(label: "entrepot_collected_contents_total").increment()
            Counter(label: "entrepot_collected_bytes_total").increment(by: bytes)
        } else {
            condemnable.append(PackedDigest(digest))
        }
    }

    private func remove(_ digest: Digest, _ mark: Condemnation) async throws -> Int64? {
        if isDry { return try await store.blobInfo(digest)?.size }
        return try await store.removeCondemned(.content(digest), mark, by: round, check: checkTenure)
    }
}
