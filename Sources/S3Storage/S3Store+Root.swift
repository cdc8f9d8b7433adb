internal import NIOCore
public import Storage

extension S3Store {
    /// Checks or leaves the marker that names the layout: the first requests, which tell whether the bucket can be used.
    ///
    /// Finds out as well whether the store keeps to conditions.
    ///
    /// - Throws: `StorageError` if it cannot be read or written, or holds a layout of another version.
    public func prepare() async throws(StorageError) {
        let marker = RegistryLayout.marker
        guard let (bytes, _) = try await read(marker, limit: 256) else {
            try await write(marker, ByteBuffer(string: RegistryLayout.version), .durable)
            return try await tryConditions()
        }
        let found = String(buffer: bytes)
        guard found == RegistryLayout.version else {
            throw StorageError(
                .corrupt,
                "the store has another layout (\(found.prefix(40))); use a version of entrepot that knows it",
                key: marker)
        }
        try await tryConditions()
    }
    /// Writes the marker, which is there, under the condition that it is not.
    private func tryConditions() async throws(StorageError) {
        if let isKnown = client.settings.keepsConditions { return conditions.areKept = isKnown }
        let marker = RegistryLayout.marker
        do throws(S3Error) {
            conditions.areKept = try await !client.put(new: name(marker), ByteBuffer(string: RegistryLayout.version))
                .isWritten
        } catch {
            guard error.kind == .unsupported || error.kind == .refused else { throw StorageError(error, marker) }
            conditions.areKept = false
        }
    }
}
