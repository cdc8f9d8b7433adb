public import Storage

/// Where refresh tokens are remembered. Several servers may share one.
public protocol RefreshTokenStore: Sendable {
    /// Nil: there is none, or no longer.
    func record(_ id: RefreshTokenID) async throws(StorageError) -> RefreshRecord?

    /// Returns when a crash cannot lose it.
    func save(_ record: RefreshRecord, as id: RefreshTokenID) async throws(StorageError)

    func remove(_ id: RefreshTokenID) async throws(StorageError)

    /// Forgets all tokens of one owner, and says how many there were.
    func removeAll(of owner: RefreshTokenOwner) async throws(StorageError) -> Int
}
