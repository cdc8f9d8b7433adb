public import NIOCore
public import OCI
public import Storage

extension RegistryStore {
    /// What a session has, if it is so long.
    public func grown(
        _ id: UploadID, in repository: RepositoryName, _ size: Int64
    ) async throws(StorageError) -> GrownObject {
        try await upload(id, in: repository)?.growth.beginning(size) ?? GrownObject(size: size, stamp: nil)
    }

    /// Appends to whatever is so long.
    public func append(
        _ bytes: ByteBuffer, to id: UploadID, in repository: RepositoryName, at offset: Int64
    ) async throws(StorageError) {
        _ = try await append(bytes, to: id, in: repository, after: try await grown(id, in: repository, offset))
    }
}
