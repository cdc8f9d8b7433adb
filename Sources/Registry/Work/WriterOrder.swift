internal import Coordination
internal import OCI
internal import Storage

/// One at a time works on what a key names: in this process, and beside the other replicas where there are some.
struct WriterOrder<Key: Sendable>: Sendable {
    private let locks: ClusterLocks
    private let name: @Sendable (Key) -> CoordinationKey

    init(_ locks: ClusterLocks, name: @escaping @Sendable (Key) -> CoordinationKey) {
        self.locks = locks
        self.name = name
    }

    /// Whether nobody but this process works on anything.
    var isAlone: Bool { locks.isAlone }

    /// - Throws: ``OrderingError/outOfOrder(_:)`` if other replicas are at work for too long.
    func withLock<Value: Sendable, Failure: OrderingError>(
        _ key: Key, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await locks.withLock(name(key), translate: Failure.outOfOrder) { _ async throws(Failure) in try await body()
        }
    }

    /// - Parameter body: To call what it is given before it writes: by then another replica may have taken over.
    func withLock<Value: Sendable, Failure: OrderingError>(
        _ key: Key, _ body: (_ check: () throws(Failure) -> Void) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await locks.withLock(name(key), translate: Failure.outOfOrder) { (held) async throws(Failure) in
            try await body { () throws(Failure) in
                do throws(CoordinationError) { try held.check() } catch { throw Failure.outOfOrder(error) }
            }
        }
    }
}

/// An error that can say that others were at work.
protocol OrderingError: Error {
    static func outOfOrder(_ error: CoordinationError) -> Self
}

extension RegistryError: OrderingError {
    static func outOfOrder(_ error: CoordinationError) -> RegistryError {
        RegistryError(.unavailable, status: 503, error.message, retryAfter: 1, cause: error)
    }
}

extension StorageError: OrderingError {
    static func outOfOrder(_ error: CoordinationError) -> StorageError {
        StorageError(.conflict, error.message, cause: error)
    }
}

extension CoordinationKey.Space {
    static let repository = Self("repository")
    static let upload = Self("upload")
    static let manifest = Self("manifest")
    static let absent = Self("absent")
}
