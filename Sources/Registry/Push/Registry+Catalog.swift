public import OCI
internal import Storage

/// One page of the repositories of a registry.
public struct CatalogPage: Sendable {
    public let names: [RepositoryName]
    public let hasMore: Bool
}

extension Registry {
    /// Repositories that hold manifests, in lexical order, of the namespaces that are configured.
    ///
    /// - Parameter last: Names up to and including this text are left out.
    public func catalog(
        _ namespaces: Namespaces, after last: String?, limit: Int
    ) async throws(RegistryError) -> CatalogPage {
        guard limit > 0 else { return CatalogPage(names: [], hasMore: false) }
        let found = try await stored { (store) async throws(StorageError) in
            try await store.repositories(after: last, limit: limit) { (name) async throws(StorageError) in
                guard (try? namespaces.repository(name))?.name == name else { return false }
                return try await store.holdsManifests(name)
            }
        }
        return CatalogPage(names: found.names, hasMore: !found.isComplete && !found.names.isEmpty)
    }
}
