internal import NIOCore
public import Storage

extension S3Store {
    /// Checks or leaves the marker that names the layout: the first requests, which tell whether the bucket can be used.
    ///
    /// - Throws: `StorageError` if it cannot be read or written, or holds a layout of another version.
    public func prepare() async throws(StorageError) {
        let marker = RegistryLayout.marker
        guard let (bytes, _) = try await read(marker, limit: 256) else {
            return try await write(marker, ByteBuffer(string: RegistryLayout.version), .durable)
        }
        let found = String(buffer: bytes)
        guard found == RegistryLayout.version else {
            throw StorageError(
                .corrupt,
                "the store has another layout (\(found.prefix(40))); use a version of entrepot that knows it",
                key: marker)
        }
    }
}
