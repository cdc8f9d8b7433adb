import Threads

/// The time between two sweeps of abandoned uploads: a fraction of their expiry, which may change meanwhile.
struct UploadPause {
    private static let step: Duration = .seconds(30)

    let expiry: @Sendable () -> Duration

    func wait() async throws {
        let start = ContinuousClock.now
        while true {
            let left = expiry() / 24 - (ContinuousClock.now - start)
            guard left > .zero else { return }
            if left < Self.step { try await Task.sleep(for: left) } else { try await Beat.next(Self.step) }
        }
    }
}
