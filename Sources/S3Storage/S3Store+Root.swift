internal import NIOCore
public import Storage

extension S3Store {
    /// Checks or leaves the marker that names the layout: the first requests, which tell whether the bucket can be used.
    ///
    /// Finds out as well whether the store keeps to conditions. Where it takes no writes now that is found out by the first write
    /// that depends on it: what lies there can be served meanwhile.
    ///
    /// - Throws: `StorageError` if it cannot be read, or not be written as long as it has no marker, or holds a layout of another
    ///   version.
    public func prepare() async throws(StorageError) {
        let marker = RegistryLayout.marker
        guard let (bytes, _) = try await read(marker, limit: 256) else {
            try await write(marker, ByteBuffer(string: RegistryLayout.version), .durable)
            return await tryConditions()
        }
        let found = String(buffer: bytes)
        guard found == RegistryLayout.version else {
            throw StorageError(
                .corrupt,
                "the store has another layout (\(found.prefix(40))); use a version of entrepot that knows it",
                key: marker)
        }
        await tryConditions()
    }

    private func tryConditions() async {
        if let isKnown = client.settings.keepsConditions { return conditions.areKept = isKnown }
        do throws(S3Error) { conditions.areKept = try await keepsToConditions() } catch { conditions.owe(error) }
    }

    /// Whether the store keeps to conditions: to be asked by whoever depends on it.
    ///
    /// - Throws: If that is not known and the store does not let it be found out: then nothing is to be written either.
    func keepsConditions() async throws(S3Error) -> Bool {
        guard conditions.isOwed else { return conditions.areKept }
        let areKept = try await keepsToConditions()
        conditions.areKept = areKept
        return areKept
    }

    /// Writes the marker, which is there, under the condition that it is not.
    private func keepsToConditions() async throws(S3Error) -> Bool {
        do throws(S3Error) {
            return try await !client.put(new: name(RegistryLayout.marker), ByteBuffer(string: RegistryLayout.version))
                .isWritten
        } catch {
            guard error.kind == .unsupported || error.kind == .refused else { throw error }
            return false
        }
    }

    /// For operators, where the store took no writes when it was opened; nil where it did.
    public var warning: String? {
        conditions.owed.map { "the bucket takes no writes, what lies there is served: \($0)" }
    }
}
