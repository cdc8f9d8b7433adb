import Coordination
import Hashing
import OCI

/// How far a fill has come: one lock around a watermark and those who wait for it to move. It carries no bytes; the
/// spool file does.
final class FillProgress: Sendable {
    enum Phase: Sendable {
        /// No upstream has answered yet.
        case asking
        case streaming
        case verified
        /// The disk is full: what is released is all that is kept, and hashed so far. Readers get the rest themselves.
        case overflowed(DigestHasher)
        case failed(RegistryError)
    }

    struct Snapshot: Sendable {
        var phase: Phase = .asking
        /// Size of the whole in bytes; nil before the upstream has answered, or if it does not say.
        var size: Int64?
        /// Bytes from the start that readers may have.
        var released: Int64 = 0
    }

    private let watched = Watched(Snapshot())

    var snapshot: Snapshot { watched.value }

    /// Waits until `isEnough` holds of the snapshot, or the fill fails.
    ///
    /// - Throws: The fill's error, or that the wait was cancelled.
    func wait(until isEnough: @Sendable (Snapshot) -> Bool) async throws(RegistryError) -> Snapshot {
        while true {
            let snapshot = self.snapshot
            if case .failed(let error) = snapshot.phase { throw error }
            if isEnough(snapshot) { return snapshot }
            if Task.isCancelled { throw .interrupted }
            await watched.change { snapshot in
                if case .failed = snapshot.phase { true } else { isEnough(snapshot) }
            }
        }
    }

    /// Changes the snapshot and wakes everyone.
    func update(_ change: (inout Snapshot) -> Void) { watched.update(change) }
}
