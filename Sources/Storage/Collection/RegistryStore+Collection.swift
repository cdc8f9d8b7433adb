internal import NIOCore
public import OCI

/// Making links, and removing what has none, so that neither undoes the other.
extension RegistryStore {
    /// How long is waited for who removes something, and then crashed.
    private static let sweepPatience = 100
    private static let sweepPause: Duration = .milliseconds(20)

    /// Makes something refer to `target`.
    ///
    /// - Parameters:
    ///   - bring: Whether it is there, or now is.
    ///   - link: Makes the reference.
    ///   - isOrdered: Nobody else in this process works on the target's digest meanwhile.
    /// - Returns: Whether it is there and stays; if not, the reference may have been made and refers to nothing.
    func refer(
        to target: Collectable, bring: () async throws(StorageError) -> Bool,
        link: () async throws(StorageError) -> Void
    ) async throws(StorageError) -> Bool {
        var steps = LinkMaking()
        var hasLinked = false
        var waits = 0
        while true {
            let found: Bool
            switch steps.operation {
            case .lookForCondemnation: found = try await objects.info(target.condemned) != nil
            case .rescue:
                try await takeBack(target)
                found = true
            case .lookForSweep:
                found = try await objects.info(target.sweeping) != nil
                if found { try await wait(&waits, target) }
            case .lookForTarget: found = try await hasLinked ? objects.info(target.target) != nil : bring()
            case .link:
                try await link()
                (hasLinked, found) = (true, true)
            case .succeed: return true
            case .fail: return false
            }
            steps.advance(found)
        }
    }

    private func wait(_ waits: inout Int, _ target: Collectable) async throws(StorageError) {
        waits += 1
        guard waits < Self.sweepPatience, !Task.isCancelled else {
            throw StorageError(.conflict, "the content is just being removed; try again", key: target.target)
        }
        try? await Task.sleep(for: Self.sweepPause)
    }

    /// Lets live what was condemned and is of interest again.
    public func rescue(_ target: Collectable) async throws(StorageError) {
        if try await objects.info(target.condemned) != nil { try await takeBack(target) }
    }

    private func takeBack(_ target: Collectable) async throws(StorageError) {
        do throws(StorageError) {
            try await objects.move(target.condemned, to: target.rescued, .cached)
        } catch {
            // Taken back, or decided upon, by somebody else.
            guard error.code == .absent else { throw error }
        }
        try await objects.delete(target.rescued)
    }

    // MARK: Removing

    /// - Parameter time: Seconds since 1970, of the clock by which it will be judged.
    public func condemn(_ target: Collectable, at time: Int64) async throws(StorageError) {
        try await objects.write(target.condemned, ByteBuffer(string: String(time)), .cached)
    }

    /// Removes something condemned, unless it was rescued.
    ///
    /// - Returns: Bytes freed; nil if it stays.
    public func removeCondemned(_ target: Collectable) async throws(StorageError) -> Int64? {
        try await claims.alone(target.digest) { () async throws(StorageError) in
            do throws(StorageError) {
                try await objects.move(target.condemned, to: target.sweeping, .cached)
            } catch {
                guard error.code == .absent else { throw error }
                return nil
            }
            return try await finish(target)
        }
    }

    private func finish(_ target: Collectable) async throws(StorageError) -> Int64 {
        let size = try await objects.info(target.target)?.size ?? 0
        try await objects.delete(target.target)
        try await objects.delete(target.folder)
        try await objects.delete(target.sweeping)
        return size
    }

    /// The contents that are condemned, with the time by which each is judged, in seconds since 1970. Finishes what a crash
    /// left unfinished.
    public func condemnedContents() async throws(StorageError) -> [(digest: Digest, time: Int64)] {
        for digest in try await marks(RegistryLayout.collection("sweeping")) {
            _ = try await claims.alone(digest) { () async throws(StorageError) in
                try await finish(.content(digest))
            }
        }
        var found: [(digest: Digest, time: Int64)] = []
        for digest in try await marks(RegistryLayout.collection("condemned")) {
            if let time = try await time(.content(digest)) { found.append((digest, time)) }
        }
        return found
    }

    /// The same for the links of a repository.
    public func condemnedGrants(
        of repository: RepositoryName
    ) async throws(StorageError) -> [(digest: Digest, time: Int64)] {
        for digest in try await marks(RegistryLayout.collection("sweeping", in: repository)) {
            _ = try await claims.alone(digest) { () async throws(StorageError) in
                try await finish(.grant(digest, in: repository))
            }
        }
        var found: [(digest: Digest, time: Int64)] = []
        for digest in try await marks(RegistryLayout.collection("condemned", in: repository)) {
            if let time = try await time(.grant(digest, in: repository)) { found.append((digest, time)) }
        }
        return found
    }

    private func marks(_ folder: ObjectKey) async throws(StorageError) -> [Digest] {
        try await objects.list(folder, after: nil, limit: .max).compactMap { name in
            let parts = name.split(separator: "-", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return Digest("\(parts[0]):\(parts[1])")
        }
    }

    private func time(_ target: Collectable) async throws(StorageError) -> Int64? {
        guard let (text, info) = try await objects.read(target.condemned, limit: 64) else { return nil }
        // One that a power loss left empty is judged by its own age.
        return Int64(String(buffer: text)) ?? info.modified
    }

    // MARK: Looking

    /// The first two digits under which contents lie.
    public func contentShelves(_ algorithm: Digest.Algorithm) async throws(StorageError) -> [String] {
        try await objects.list(RegistryLayout.blobs(algorithm), after: nil, limit: .max)
    }

    /// The contents on a shelf, also those of which nothing but the folder is left.
    public func contents(
        _ algorithm: Digest.Algorithm, shelf: String
    ) async throws(StorageError) -> [Digest] {
        guard let folder = RegistryLayout.blobs(algorithm).child(shelf) else { return [] }
        return try await objects.list(folder, after: nil, limit: .max).compactMap {
            Digest(algorithm: algorithm, hex: $0)
        }
    }

    /// Removes the folders of links that are gone, as distribution leaves them.
    ///
    /// - Returns: How many.
    public func removeEmptyFolders(of repository: RepositoryName) async throws(StorageError) -> Int {
        var count = 0
        for algorithm in Digest.Algorithm.allCases {
            let layers = RegistryLayout.layers(of: repository, algorithm)
            for name in try await objects.list(layers, after: nil, limit: .max) {
                guard let digest = Digest(algorithm: algorithm, hex: name) else { continue }
                let link = RegistryLayout.layerLink(digest, in: repository)
                if try await remove(folder: RegistryLayout.layerFolder(digest, in: repository), without: link, digest) {
                    count += 1
                }
            }
            let revisions = RegistryLayout.revisions(of: repository, algorithm)
            for name in try await objects.list(revisions, after: nil, limit: .max) {
                guard let digest = Digest(algorithm: algorithm, hex: name) else { continue }
                let link = RegistryLayout.revisionLink(digest, in: repository)
                if try await remove(
                    folder: RegistryLayout.revisionFolder(digest, in: repository), without: link, digest)
                {
                    count += 1
                }
            }
        }
        return count
    }

    private func remove(
        folder: ObjectKey, without link: ObjectKey, _ digest: Digest
    ) async throws(StorageError) -> Bool {
        guard try await objects.info(link) == nil else { return false }
        return try await claims.alone(digest) { () async throws(StorageError) in
            guard try await objects.info(link) == nil else { return false }
            try await objects.delete(folder)
            return true
        }
    }
}
