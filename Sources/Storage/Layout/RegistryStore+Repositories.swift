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
    ///   - unreadable: Told of a folder that cannot be read, by its name; throws the error to end the walk, as is done where nobody
    ///     takes it.
    /// - Returns: `isComplete` is false when a limit ended the walk.
    public func repositories(
        below prefix: RepositoryName? = nil, after last: String? = nil, limit: Int, budget: Int = 100_000,
        unreadable: (String, StorageError) throws(StorageError) -> Void = { (_, error) throws(StorageError) in
            throw error
        },
        _ wanted: (RepositoryName) async throws(StorageError) -> Bool
    ) async throws(StorageError) -> (names: [RepositoryName], isComplete: Bool) {
        var names: [RepositoryName] = []
        var budget = budget
        // The next step last. `a`, `a-b`, `a/x`, `ab`: a folder and what is below it are apart in the order of names.
        var steps: [Step] =
            if let prefix { [.below(prefix.value + "/"), .itself(prefix.value)] } else {
                try await self.steps(below: "", after: last)
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
                do throws(StorageError) {
                    steps += try await self.steps(below: prefix, after: last)
                } catch {
                    try unreadable(prefix, error)
                }
            }
        }
        return (names, true)
    }

    /// All names under which anything is stored, in lexical byte order, and the folders that cannot be looked into.
    public func everyRepository() async throws(StorageError) -> (
        names: [RepositoryName], unreadable: [(folder: String, error: StorageError)]
    ) {
        var names: [RepositoryName] = []
        var closed: [(folder: String, error: StorageError)] = []
        _ = try await repositories(
            limit: 0, budget: .max, unreadable: { folder, error in closed.append((folder, error)) }
        ) { (name) async throws(StorageError) in
            names.append(name)
            return false
        }
        return (names, closed)
    }

    /// The steps of one folder, the next one last.
    ///
    /// - Parameter last: What is wholly before it is left out.
    private func steps(below prefix: String, after last: String?) async throws(StorageError) -> [Step] {
        guard prefix.utf8.count <= RepositoryName.maximumLength else { return [] }
        let folder =
            prefix.isEmpty ? RegistryLayout.repositories : RegistryLayout.repositories.child(String(prefix.dropLast()))
        guard let folder else { return [] }
        // The component of `last` that this folder's names are compared with.
        let bound = last.flatMap { last in
            last.hasPrefix(prefix) ? String(last.dropFirst(prefix.count).prefix { $0 != "/" }) : nil
        }
        var steps: [Step] = []
        // Folders whose contents may come after names that begin like them: of `a`, `a-b`, `a/x`.
        var open: [String] = []
        func close(before name: String?) {
            while let folder = open.last,
                name.map({ !$0.utf8.starts(with: folder.utf8.dropLast()) }) ?? true
                    || name.map({ folder.utf8.lexicographicallyPrecedes($0.utf8) }) ?? true
            {
                steps.append(.below(prefix + folder))
                open.removeLast()
            }
        }
        // What begins with `_` is distribution's or ours, and no part of a name.
        for name in try await objects.list(folder, after: nil, limit: .max) where RepositoryName(name) != nil {
            if let bound, name.utf8.lexicographicallyPrecedes(bound.utf8), !bound.utf8.starts(with: name.utf8) {
                continue
            }
            close(before: name)
            steps.append(.itself(prefix + name))
            open.append(name + "/")
        }
        close(before: nil)
        return steps.reversed()
    }

    /// Whether `repository` has any manifest.
    public func holdsManifests(_ repository: RepositoryName) async throws(StorageError) -> Bool {
        for algorithm in Digest.Algorithm.allCases {
            // Distribution leaves the folder of a manifest that it deleted.
            let names = try await objects.list(
                RegistryLayout.revisions(of: repository, algorithm), holding: "link", after: nil, limit: 1)
            if !names.isEmpty { return true }
        }
        return false
    }
}
