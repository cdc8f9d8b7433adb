internal import NIOCore

/// Processes that write beside a server, such as an import: what they rely on is not among the claims that it knows.
extension RegistryStore {
    /// How often a visitor says so, in seconds.
    public static let visitInterval: Int64 = 10

    /// Says that somebody works on the store.
    public func noteVisit() async throws(StorageError) {
        try await objects.write(RegistryLayout.visited, ByteBuffer(string: "entrepot: a command works here\n"), .cached)
    }

    /// - Parameter time: Seconds since 1970.
    public func wasVisited(since time: Int64) async throws(StorageError) -> Bool {
        guard let info = try await objects.info(RegistryLayout.visited) else { return false }
        // Who visits says so at its beginning and its end, and every so often between them.
        return info.modified + 2 * Self.visitInterval >= time
    }
}
