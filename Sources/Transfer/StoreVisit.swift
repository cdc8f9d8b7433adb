package import Storage

/// Work on a store beside a server that may have it open.
package enum StoreVisit {
    /// Runs `work`, and says so to the server as long as it lasts.
    package static func during<Value: Sendable>(
        _ store: RegistryStore, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await store.noteVisit()
        let value = try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(RegistryStore.visitInterval))
                    try await store.noteVisit()
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try await store.noteVisit()
        guard let value else { throw CancellationError() }
        return value
    }
}
