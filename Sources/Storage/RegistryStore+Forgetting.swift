public import OCI

extension RegistryStore {
    /// Takes from `repository` its right to the content, as a manifest and as a blob; the bytes stay.
    public func forget(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) {
        try await objects.delete(RegistryLayout.revisionLink(digest, in: repository))
        try await objects.delete(RegistryLayout.layerLink(digest, in: repository))
    }
}
