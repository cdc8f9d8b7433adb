internal import Coordination
internal import NIOConcurrencyHelpers
public import OCI

/// Orders those who begin to rely on stored bytes with those who remove bytes that nobody relies on.
///
/// Whoever removes has looked at all links some time ago. A link that was made since is not among what it saw, so every
/// maker of links claims the digest first, and what was claimed since is not removed. Within one process.
public final class ContentClaims: Sendable {
    /// A moment: bytes that are claimed after it are not removed by who began to look then.
    public struct Watch: Sendable {
        fileprivate let start: UInt64
    }

    private struct State {
        var watchers = 0
        var clock: UInt64 = 0
        /// When each was last claimed, as long as anybody watches.
        var claimed: [Digest: UInt64] = [:]
        /// Too many to remember were claimed at this moment or before.
        var forgotten: UInt64 = 0
    }

    private static let capacity = 200_000
    private let locks = KeyedLock<Digest>(name: "content")
    private let state = NIOLockedValueBox(State())

    /// Runs `body` with a watch on everything that is claimed meanwhile.
    public func watching<Value, Failure: Error>(
        _ body: (Watch) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let watch = state.withLockedValue { state in
            state.watchers += 1
            return Watch(start: state.clock)
        }
        defer {
            state.withLockedValue { state in
                state.watchers -= 1
                if state.watchers == 0 { state.claimed = [:] }
            }
        }
        return try await body(watch)
    }

    /// Runs `body`, which begins to rely on the bytes of `digest`; nobody removes them meanwhile, nor afterwards who has
    /// looked before.
    func claim<Value, Failure: Error>(
        _ digest: Digest, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await locks.withLock(digest) { () async throws(Failure) in
            state.withLockedValue { state in
                guard state.watchers > 0 else { return }
                state.clock += 1
                if state.claimed.count >= Self.capacity { (state.claimed, state.forgotten) = ([:], state.clock) }
                state.claimed[digest] = state.clock
            }
            return try await body()
        }
    }

    /// Runs `body` while nobody can begin to rely on the bytes of `digest`.
    func alone<Value, Failure: Error>(
        _ digest: Digest, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await locks.withLock(digest, body)
    }

    public func isClaimed(_ digest: Digest, since watch: Watch) -> Bool {
        state.withLockedValue { state in
            max(state.claimed[digest] ?? 0, state.forgotten) > watch.start
        }
    }
}
