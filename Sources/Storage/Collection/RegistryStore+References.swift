internal import NIOCore
public import OCI

/// Beginning to refer to something, so that who removes what nothing refers to does not take it away.
extension RegistryStore {
    /// How long is waited for who removes something, and then crashed.
    private static let sweepPatience = 100
    private static let sweepPause: Duration = .milliseconds(20)
    /// A repository's marks are taken all at once up to so many.
    private static let mostMarks = 1000
    private static let fewSweeps = 20

    /// Makes something refer to `target`.
    ///
    /// - Parameters:
    ///   - reference: What is made, which may be about to be removed itself: it is let live, and waited for who removes it.
    ///   - bring: Whether it is there, or now is.
    ///   - link: Makes the reference.
    /// - Returns: Whether it is there and stays; if not, the reference may have been made and refers to nothing.
    func refer(
        to target: Collectable, by reference: Collectable? = nil, bring: () async throws(StorageError) -> Bool,
        link: () async throws(StorageError) -> Void
    ) async throws(StorageError) -> Bool {
        if let reference { try await rescue(reference) }
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
                found = try await isAnySwept(hasLinked ? [target] : [target, reference].compactMap(\.self))
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

    /// There is rarely more than one sweep: they are looked at together.
    private func isAnySwept(_ targets: [Collectable]) async throws(StorageError) -> Bool {
        let names = try await objects.list(RegistryLayout.sweeps, after: nil, limit: Self.fewSweeps)
        let prefixes = targets.map(\.sweepPrefix)
        if names.contains(where: { name in prefixes.contains { name.hasPrefix($0) } }) { return true }
        guard names.count == Self.fewSweeps else { return false }
        for prefix in prefixes
        where try await objects.list(RegistryLayout.sweeps, after: prefix, limit: 1).first?.hasPrefix(prefix) ?? false {
            return true
        }
        return false
    }

    private func wait(_ waits: inout Int, _ target: Collectable) async throws(StorageError) {
        waits += 1
        guard waits < Self.sweepPatience, !Task.isCancelled else {
            throw StorageError(.conflict, "the content is just being removed; try again", key: target.target)
        }
        // Cancelled: told by the next call.
        try? await Task.sleep(for: Self.sweepPause)
    }

    /// Lets live what was condemned and is of interest again.
    public func rescue(_ target: Collectable) async throws(StorageError) {
        if try await objects.info(target.condemned) != nil { try await takeBack(target) }
    }

    /// Deletes the mark, which nobody can prevent: a collector that has moved it shows so before it is gone.
    private func takeBack(_ target: Collectable) async throws(StorageError) {
        try await objects.delete(target.condemned)
    }

    /// The steps before, and again after, a manifest of `repository` refers to its links to `digests`.
    ///
    /// - Returns: Those to which there is no link; the others stay as long as they are referred to.
    public func secureGrants(
        _ digests: Set<Digest>, in repository: RepositoryName
    ) async throws(StorageError) -> Set<Digest> {
        guard !digests.isEmpty else { return [] }
        for digest in try await condemned(among: digests, in: repository) {
            try await takeBack(.grant(digest, in: repository))
        }
        let targets = digests.map { Collectable.grant($0, in: repository) }
        var waits = 0
        while try await isAnySwept(targets) { try await wait(&waits, targets[0]) }
        let all = Array(digests)
        let links = try await objects.infos(all.map { RegistryLayout.layerLink($0, in: repository) })
        return Set(zip(all, links).compactMap { $1 == nil ? $0 : nil })
    }

    private func condemned(
        among digests: Set<Digest>, in repository: RepositoryName
    ) async throws(StorageError) -> [Digest] {
        if objects.isRemote {
            // One request instead of one for each.
            let names = try await objects.list(
                RegistryLayout.condemned(in: repository), after: nil, limit: Self.mostMarks)
            if names.count < Self.mostMarks { return names.compactMap(Self.digest(ofMark:)).filter(digests.contains) }
        }
        var found: [Digest] = []
        for digest in digests
        where try await objects.info(RegistryLayout.condemned(digest, in: repository)) != nil { found.append(digest) }
        return found
    }

    static func digest(ofMark name: String) -> Digest? {
        guard let dash = name.utf8.firstIndex(of: UInt8(ascii: "-")),
            let algorithm = Digest.Algorithm(rawValue: String(name[..<dash]))
        else { return nil }
        return Digest(algorithm: algorithm, hex: name[name.utf8.index(after: dash)...])
    }
}
