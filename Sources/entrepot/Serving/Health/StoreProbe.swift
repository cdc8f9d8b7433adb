import DistributionAPI
import NIOConcurrencyHelpers
import NIOCore
import Storage
import Threads

/// Tries from time to time whether the store takes and gives back what is written, so that a store that is full, may not be
/// written to or does not answer is known before a client meets it.
final class StoreProbe: Sendable {
    private struct State {
        /// When the attempt under way began.
        var began: ContinuousClock.Instant?
        var outcome = Outcome.fine
        var freeBytes: Int64?
    }

    private enum Outcome {
        case fine
        /// It could be read all the same.
        case unwritable(StorageError)
        case unusable(StorageError)
    }

    /// A store that takes longer is taken not to work.
    static let patience = Duration.seconds(10)

    private let store: any ObjectStore
    private let free: @Sendable () -> Int64?
    /// This process' own, as replicas share a store.
    private let key: ObjectKey
    private let state = NIOLockedValueBox(State())

    /// - Parameter free: Bytes that are left, nil where that has no end; may block for a moment.
    init(_ store: any ObjectStore, free: @escaping @Sendable () -> Int64?) throws(StorageError) {
        self.store = store
        self.free = free
        let name = ".entrepot/probe-" + String(UInt64.random(in: .min ... .max), radix: 36)
        guard let key = ObjectKey(name) else { throw StorageError(.io, "\(name) is no key") }
        self.key = key
    }

    /// Tries once; returns when the store has answered, however long that takes.
    func look() async {
        state.withLockedValue { $0.began = .now }
        let outcome = await attempt()
        // Fails only when the program ends.
        let free = (try? await ThreadPool.shared.run(free)) ?? nil
        state.withLockedValue { state in
            state.began = nil
            state.outcome = outcome
            state.freeBytes = free
        }
    }

    /// Nil where that has no end, or nobody has looked.
    var freeBytes: Int64? { state.withLockedValue { $0.freeBytes } }

    var check: HealthCheck {
        let state = state.withLockedValue { $0 }
        if let began = state.began, ContinuousClock.now - began > Self.patience {
            return HealthCheck(
                "store", .failing, "has not answered for \((ContinuousClock.now - began).components.seconds) seconds")
        }
        switch state.outcome {
        case .fine: return HealthCheck("store", .ok, "takes and gives back what is written")
        case .unwritable(let error): return HealthCheck("store", .degraded, "cannot be written to: \(error)")
        case .unusable(let error): return HealthCheck("store", .failing, "can neither be written to nor read: \(error)")
        }
    }

    private func attempt() async -> Outcome {
        let bytes = ByteBuffer(string: "entrepot looks whether this store works\n")
        do throws(StorageError) {
            try await store.write(key, bytes, .cached)
            let read = try await store.read(key, limit: bytes.readableBytes)
            try await store.delete(key)
            guard read?.bytes == bytes else {
                return .unusable(StorageError(.corrupt, "what was written is not what is read", key: key))
            }
            return .fine
        } catch {
            do throws(StorageError) {
                _ = try await store.read(RegistryLayout.marker, limit: 1024)
                return .unwritable(error)
            } catch {
                return .unusable(error)
            }
        }
    }
}
