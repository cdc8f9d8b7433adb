internal import FoundationEssentials
internal import NIOCore
public import Storage

/// Refresh tokens in an object store: `.entrepot/refresh-tokens/<owner>/<hash>`, each a small JSON object.
public struct StoredRefreshTokens: RefreshTokenStore {
    /// How many one owner may have; one more makes the oldest go.
    public static let maximumPerOwner = 64

    private let objects: any ObjectStore
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(objects: any ObjectStore, now: @escaping @Sendable () -> Int64) {
        self.objects = objects
        self.now = now
    }

    public func record(_ id: RefreshTokenID) async throws(StorageError) -> RefreshRecord? {
        guard let (bytes, _) = try await objects.read(try key(id), limit: 4096) else { return nil }
        let decoder = JSONDecoder()
        guard let record = try? decoder.decode(RefreshRecord.self, from: Data(bytes.readableBytesView)) else {
            throw StorageError(.corrupt, "a refresh token's record cannot be read", key: try key(id))
        }
        return record
    }

    public func save(_ record: RefreshRecord, as id: RefreshTokenID) async throws(StorageError) {
        guard let json = try? JSONEncoder().encode(record) else {
            throw StorageError(.io, "a refresh token's record cannot be written")
        }
        try await makeRoom(id.owner)
        try await objects.write(try key(id), ByteBuffer(bytes: json), .durable)
    }

    public func remove(_ id: RefreshTokenID) async throws(StorageError) {
        try await objects.delete(try key(id))
    }

    public func removeAll(of owner: RefreshTokenOwner) async throws(StorageError) -> Int {
        let folder = try key(owner)
        var count = 0
        while true {
            let names = try await objects.list(folder, after: nil, limit: 1000)
            guard !names.isEmpty else { return count }
            for name in names {
                if let key = folder.child(name) { try await objects.delete(key) }
            }
            count += names.count
        }
    }

    /// Takes away what has expired, and the oldest if too many are left.
    private func makeRoom(_ owner: RefreshTokenOwner) async throws(StorageError) {
        let folder = try key(owner)
        var kept: [(key: ObjectKey, issued: Int64)] = []
        for name in try await objects.list(folder, after: nil, limit: 4 * Self.maximumPerOwner) {
            guard let key = folder.child(name), let (bytes, _) = try await objects.read(key, limit: 4096) else {
                continue
            }
            let record = try? JSONDecoder().decode(RefreshRecord.self, from: Data(bytes.readableBytesView))
            guard let record, record.expires > now() else {
                try await objects.delete(key)
                continue
            }
            kept.append((key, record.issued))
        }
        kept.sort { $0.issued < $1.issued }
        for surplus in kept.prefix(max(0, kept.count - Self.maximumPerOwner + 1)) {
            try await objects.delete(surplus.key)
        }
    }

    private func key(_ owner: RefreshTokenOwner) throws(StorageError) -> ObjectKey {
        guard let key = ObjectKey(".entrepot/refresh-tokens/\(owner)") else {
            throw StorageError(.io, "a refresh token has no place")
        }
        return key
    }

    private func key(_ id: RefreshTokenID) throws(StorageError) -> ObjectKey {
        guard let key = try key(id.owner).child(id.hash) else {
            throw StorageError(.io, "a refresh token has no place")
        }
        return key
    }
}
