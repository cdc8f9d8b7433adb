internal import NIOCore
public import OCI

/// Removing what nothing refers to.
extension RegistryStore {
    /// - Parameter time: Seconds since 1970, of the clock by which it will be judged.
    public func condemn(
        _ target: Collectable, at time: Int64, by round: CollectionRound
    ) async throws(StorageError) {
        try await objects.write(
            target.condemned, ByteBuffer(string: Condemnation(at: time, by: round).text), .cached)
    }

    /// Removes something condemned, unless it was rescued.
    ///
    /// - Parameters:
    ///   - mark: As it was before references were looked at.
    ///   - check: Throws if the collector may not be the only one any more.
    /// - Returns: Bytes freed; nil if it stays.
    public func removeCondemned(
        _ target: Collectable, _ mark: Condemnation, by round: CollectionRound,
        check: () throws(StorageError) -> Void = {}
    ) async throws(StorageError) -> Int64? {
        try await claims.alone(target.digest) { () async throws(StorageError) in
            let sweep = target.sweeping(round)
            do throws(StorageError) {
                try await objects.move(target.condemned, to: sweep, .cached)
            } catch {
                guard error.code == .absent else { throw error }
                // Taken back. A store that can only copy may have left the copy.
                try await objects.delete(sweep)
                return nil
            }
            guard let (text, info) = try await objects.read(sweep, limit: 64),
                Condemnation(String(buffer: text), modified: info.modified) == mark
            else {
                // Taken back, and condemned anew by another collector.
                try await objects.delete(sweep)
                return nil
            }
            do throws(StorageError) { try check() } catch {
                try await objects.delete(sweep)
                throw error
            }
            // From here on a failure leaves the sweep, and with it whoever needs the content waiting: a deletion that was not
            // answered may still be carried out.
            let size = try await objects.info(target.target)?.size ?? 0
            try await objects.delete(target.target)
            switch target {
            case .content: try await objects.delete(target.folder)
            case .grant: try await objects.prune(target.folder)
            }
            try await objects.delete(sweep)
            return size
        }
    }

    /// Names of removals that are going on, or were when a collector died.
    public func sweeps() async throws(StorageError) -> [String] {
        try await objects.list(RegistryLayout.sweeps, after: nil, limit: .max)
    }

    /// Takes back the decision of a collector that is dead: what it did not come to remove is judged anew.
    public func dropSweep(_ name: String) async throws(StorageError) {
        try await objects.delete(RegistryLayout.sweeping(name))
    }

    /// Hands over the contents that are condemned, with their marks.
    public func condemnedContents(
        _ body: (Digest, Condemnation) -> Void
    ) async throws(StorageError) {
        for shelf in try await objects.list(RegistryLayout.condemnedShelves, after: nil, limit: .max) {
            guard let folder = RegistryLayout.condemnedShelves.child(shelf) else { continue }
            for digest in try await marks(folder) {
                if let mark = try await condemnation(of: .content(digest)) { body(digest, mark) }
            }
        }
    }

    /// The same for the links of a repository.
    public func condemnedGrants(of repository: RepositoryName) async throws(StorageError) -> [Digest: Condemnation] {
        var found: [Digest: Condemnation] = [:]
        for digest in try await marks(RegistryLayout.condemned(in: repository)) {
            found[digest] = try await condemnation(of: .grant(digest, in: repository))
        }
        return found
    }

    private func marks(_ folder: ObjectKey) async throws(StorageError) -> [Digest] {
        try await objects.look(at: folder, for: nil, unless: nil)?.holding.compactMap(Self.digest(ofMark:)) ?? []
    }

    private func condemnation(of target: Collectable) async throws(StorageError) -> Condemnation? {
        guard let (text, info) = try await objects.read(target.condemned, limit: 64) else { return nil }
        return Condemnation(String(buffer: text), modified: info.modified)
    }
}
