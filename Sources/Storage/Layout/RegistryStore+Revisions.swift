public import OCI

extension RegistryStore {
    /// Digests of the manifests that a repository holds, in their order, those after `last`, at most `limit` looked at.
    ///
    /// - Returns: `end` is the last name looked at, to go on from; nil when there are no more.
    public func revisions(
        of repository: RepositoryName, _ algorithm: Digest.Algorithm = .sha256, after last: String? = nil, limit: Int
    ) async throws(StorageError) -> (digests: [Digest], end: String?) {
        let names = try await objects.list(
            RegistryLayout.revisions(of: repository, algorithm), after: last, limit: limit)
        return (
            names.compactMap { Digest("\(algorithm.rawValue):\($0)") }, names.count == limit ? names.last : nil
        )
    }
}
