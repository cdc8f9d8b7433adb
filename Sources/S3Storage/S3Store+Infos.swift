public import Storage

extension S3Store {
    /// Objects in a folder up to which a list costs less than what it saves.
    private static let smallFolder = 500

    /// One list in the place of a request for each, where all lie in one folder and it is small.
    public func infos(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?] {
        guard keys.count > 1, let folder = Self.folder(of: keys) else { return try await oneByOne(keys) }
        let page = try await asked(folder) { () async throws(S3Error) in
            try await client.page(name(folder) + "/", delimiter: nil, limit: Self.smallFolder)
        }
        guard page.next == nil else { return try await oneByOne(keys) }
        var found: [ObjectInfo?] = []
        for key in keys {
            if shape(key) == .growing {
                let name = name(key)
                let own = page.objects.filter { $0.key == name || $0.key.hasPrefix(name + "/") }
                let grown = try await asked(key) { () async throws(S3Error) in try await row(name, of: own) }
                rows.note(found: grown, key)
                found.append(grown?.info)
            } else {
                found.append(
                    page.objects.first { $0.key == name(key) }.map {
                        ObjectInfo(size: $0.size, modified: ISODate.seconds($0.modified) ?? 0)
                    })
            }
        }
        return found
    }

    private func oneByOne(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?] {
        var found: [ObjectInfo?] = []
        for key in keys { found.append(try await info(key)) }
        return found
    }

    /// The folder in which all lie, or the one in which the folders of all lie.
    private static func folder(of keys: [ObjectKey]) -> ObjectKey? {
        let parents = Set(keys.map(\.parent))
        if parents.count == 1 { return parents.first ?? nil }
        let grandparents = Set(parents.map { $0?.parent })
        return grandparents.count == 1 ? grandparents.first ?? nil : nil
    }
}
