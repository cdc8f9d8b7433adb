internal import Logging
internal import NIOConcurrencyHelpers
internal import Storage

/// Names of images that were asked for at a site that is offline and does not hold them. Each is written to the store once.
final class Misses: Sendable {
    /// Seconds in which one is not noted again.
    private static let memory: Int64 = 600

    private let background: BackgroundWork
    private let noted = NIOLockedValueBox<[String: Int64]>([:])

    init(background: BackgroundWork) {
        self.background = background
    }

    /// Returns at once; what cannot be written is only logged.
    ///
    /// - Parameter now: Seconds since 1970. What was noted and looked after meanwhile is noted again after a while.
    func note(_ name: String, in store: RegistryStore, now: Int64, _ logger: Logger) {
        let isNew = noted.withLockedValue { noted in
            if let time = noted[name], (0..<Self.memory).contains(now - time) { return false }
            if noted.count >= RegistryStore.mostMisses { noted = noted.filter { now - $0.value < Self.memory } }
            guard noted.count < RegistryStore.mostMisses else { return false }
            noted[name] = now
            return true
        }
        guard isNew else { return }
        _ = background.start {
            do throws(StorageError) {
                guard try await store.missCount() < RegistryStore.mostMisses else { return }
                try await store.noteMiss(name)
            } catch {
                logger.warning("a miss was not noted", metadata: ["name": "\(name)", "error": "\(error)"])
            }
        }
    }
}
