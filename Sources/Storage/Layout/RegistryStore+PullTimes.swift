internal import NIOCore
public import OCI

extension RegistryStore {
    /// Seconds since 1970 of the last pull that was recorded; nil if there is none.
    public func pullTime(of reference: Reference, in repository: RepositoryName) async throws(StorageError) -> Int64? {
        let key = RegistryLayout.pullTime(of: reference, in: repository)
        guard let (text, _) = try await objects.read(key, limit: 64) else { return nil }
        return Int64(String(buffer: text))
    }

    /// - Parameter time: Seconds since 1970.
    public func setPullTime(
        _ time: Int64, of reference: Reference, in repository: RepositoryName
    ) async throws(StorageError) {
        let key = RegistryLayout.pullTime(of: reference, in: repository)
        try await objects.write(key, ByteBuffer(string: String(time)), .cached)
    }

    /// Whether `repository` has such a manifest or tag.
    public func holds(_ reference: Reference, in repository: RepositoryName) async throws(StorageError) -> Bool {
        switch reference {
        case .digest(let digest): try await hasManifest(digest, in: repository)
        case .tag(let tag): try await self.tag(tag, in: repository) != nil
        }
    }
}
