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
    /// - Parameters:
    ///   - last: Names up to and including this text are left out.
    ///   - mayShow: Others are passed over, as if they were not there.
    public func catalog(
        _ namespaces: Namespaces, after last: String?, limit: Int,
        where mayShow: @Sendable (Repository) -> Bool = { _ in true }
    ) async throws(RegistryError) -> CatalogPage {
        guard limit > 0 else { return CatalogPage(names: [], hasMore: false) }
        let found = try await gathered { () async throws(RegistryError) in
            try await stored { (store) async throws(StorageError) in
                try await store.repositories(after: last, limit: limit) { (name) async throws(StorageError) in
                    guard let repository = try? namespaces.repository(name), repository.name == name,
                        mayShow(repository)
                    else { return false }
                    return try await store.holdsManifests(name)
                }
            }
        }
        return CatalogPage(names: found.names, hasMore: !found.isComplete && !found.names.isEmpty)
    }
}
