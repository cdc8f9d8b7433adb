public import OCI

extension RegistryStore {
    /// Below a folder of the tree of names: the folder's own repository, or what lies under it.
    private enum Step {
        case itself(String)
        case below(String)

        var text: String {
            switch self {
            case .itself(let name): name
            case .below(let prefix): prefix
            }
        }
    }

    /// Walks the names under which anything is stored, in lexical byte order, and keeps those that `wanted` takes.
    ///
    /// - Parameters:
    ///   - prefix: Only this repository and those whose names go on after it with a slash; nil for all.
    ///   - last: Names up to and including this text are passed over.
    ///   - limit: At most so many are kept.
    ///   - budget: At most so many folders are looked at.
    /// - Returns: `isComplete` is false when a limit ended the walk.
    public func repositories(
        below prefix: RepositoryName? = nil, after last: String? = nil, limit: Int, budget: Int = 100_000,
        _ wanted: (RepositoryName) async throws(StorageError) -> Bool
    ) async throws(StorageError) -> (names: [RepositoryName], isComplete: Bool) {
        var names: [RepositoryName] = []
        var budget = budget
        // The next step last. `a`, `a-b`, `a/x`, `ab`: a folder and what is below it are apart in the order of names.
        var steps: [Step] =
            if let prefix { [.below(prefix.value + "/"), .itself(prefix.value)] } else {
                try await self.steps(below: "")
            }
        while let step = steps.popLast() {
            switch step {
            case .itself(let text):
                if let last, !last.utf8.lexicographicallyPrecedes(text.utf8) { continue }
                guard let name = RepositoryName(text), try await wanted(name) else { continue }
                if names.count == limit { return (names, false) }
                names.append(name)
            case .below(let prefix):
                // Everything below begins with the prefix: it is all before `last` unless `last` does so too.
                if let last, prefix.utf8.lexicographicallyPrecedes(last.utf8), !last.utf8.starts(with: prefix.utf8) {
                    continue
                }
                guard budget > 0 else { return (names, false) }
                budget -= 1
                steps += try await self.steps(below: prefix)
            }
        }
        return (names, true)
    }

    private func steps(below prefix: String) async throws(StorageError) -> [Step] {
        guard prefix.utf8.count <= RepositoryName.maximumLength else { return [] }
        let folder =
            prefix.isEmpty ? RegistryLayout.repositories : RegistryLayout.repositories.child(String(prefix.dropLast()))
        guard let folder else { return [] }
        var steps: [Step] = []
        var after: String?
        repeat {
            let page = try await objects.list(folder, after: after, limit: 10_000)
            // What begins with `_` is distribution's or ours, and no part of a name.
            for name in page where RepositoryName(name) != nil {
                steps.append(.itself(prefix + name))
                steps.append(.below(prefix + name + "/"))
            }
            after = page.count == 10_000 ? page.last : nil
        } while after != nil
        return steps.sorted { $1.text.utf8.lexicographicallyPrecedes($0.text.utf8) }
    }

    /// Whether `repository` has any manifest.
    public func holdsManifests(_ repository: RepositoryName) async throws(StorageError) -> Bool {
        for algorithm in Digest.Algorithm.allCases {
            let names = try await objects.list(
                RegistryLayout.revisions(of: repository, algorithm), after: nil, limit: 1000)
            for name in names {
                // Distribution leaves the folder of a manifest that it deleted.
                if let digest = Digest(algorithm: algorithm, hex: name), try await hasManifest(digest, in: repository) {
                    return true
                }
            }
        }
        return false
    }
}
