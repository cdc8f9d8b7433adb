internal import Coordination
internal import NIOConcurrencyHelpers

/// Credentials from the first place that has any, renewed some time before they expire, by one request for all.
///
/// Nobody waits for new ones as long as those at hand do.
public final class RenewedCredentials: S3CredentialSource {
    /// Runs work that belongs to no request; false if it does not.
    public typealias Background = @Sendable (@escaping @Sendable () async -> Void) -> Bool

    private struct State {
        var held: S3Credentials?
        /// Where those come from is asked over a network.
        var isDistant = true
        var isRenewing = false
        /// Seconds since 1970 up to which nobody is asked, as it was of no use a moment ago; and why.
        var rest: Range<Int64>?
        var failure: S3Error?
    }

    /// Seconds before the end at which new ones are fetched, and before which those at hand still do if that fails.
    private static let margin: Int64 = 300
    private static let leastLeft: Int64 = 30
    /// Seconds for which who had nothing better to give is left alone.
    private static let pause: Int64 = 10

    private let providers: [any CredentialProvider]
    private let background: Background
    private let now: @Sendable () -> Int64
    private let state = NIOLockedValueBox(State())
    private let fetches = KeyedLock<String>()

    /// - Parameters:
    ///   - background: Where there is none, the request that finds that it is time waits for the new ones.
    ///   - now: Seconds since 1970.
    init(
        _ providers: [any CredentialProvider], background: @escaping Background = { _ in false },
        now: @escaping @Sendable () -> Int64
    ) {
        self.providers = providers
        self.background = background
        self.now = now
    }

    public func credentials() async throws(S3Error) -> S3Credentials {
        guard let held = held(Self.leastLeft) else {
            return try await fetches.withLock("") { () async throws(S3Error) in
                if let held = self.held(Self.leastLeft) { return held }
                if isResting, let failure = state.withLockedValue({ $0.failure }) { throw failure }
                return try await fetch()
            }
        }
        guard !isFresh(held, Self.margin), mayRenew() else { return held }
        if !background({ await self.renew() }) { await renew() }
        return self.held(Self.leastLeft) ?? held
    }

    public func areReplaced(_ refused: S3Credentials) async -> Bool {
        let found = try? await fetches.withLock("") { () async throws(S3Error) in
            if let held = state.withLockedValue({ $0.held }), held != refused { return held }
            if isResting { return refused }
            let found = try await fetch()
            if found == refused { rest(because: nil) }
            return found
        }
        return found.map { $0 != refused } ?? false
    }

    /// Whether it is for the caller to renew them.
    private func mayRenew() -> Bool {
        guard !isResting else { return false }
        return state.withLockedValue { state in
            guard !state.isRenewing else { return false }
            state.isRenewing = true
            return true
        }
    }

    private func renew() async {
        await fetches.withLock("") {
            // Why it failed is told when those at hand do no longer.
            if held(Self.margin) == nil { _ = try? await fetch() }
        }
        state.withLockedValue { $0.isRenewing = false }
    }

    private func fetch() async throws(S3Error) -> S3Credentials {
        do throws(S3Error) {
            for provider in providers {
                guard let found = try await provider.fetch() else { continue }
                state.withLockedValue {
                    ($0.held, $0.isDistant, $0.rest, $0.failure) = (found, provider.isDistant, nil, nil)
                }
                if !isFresh(found, Self.margin) { rest(because: nil) }
                return found
            }
            throw S3Error(
                .denied,
                "there are no credentials (looked for: \(providers.map(\.name).joined(separator: ", "))); "
                    + "set storage.s3.access_key_id and secret_key_file")
        } catch {
            rest(because: error)
            throw error
        }
    }

    private func rest(because failure: S3Error?) {
        let now = now()
        state.withLockedValue { state in
            // A file may be another the next moment, and costs nothing.
            guard state.isDistant else { return }
            (state.rest, state.failure) = (now..<now + Self.pause, failure)
        }
    }

    private var isResting: Bool {
        let now = now()
        return state.withLockedValue { $0.rest?.contains(now) ?? false }
    }

    private func held(_ margin: Int64) -> S3Credentials? {
        state.withLockedValue { $0.held }.flatMap { isFresh($0, margin) ? $0 : nil }
    }

    private func isFresh(_ credentials: S3Credentials, _ margin: Int64) -> Bool {
        credentials.expiry.map { $0 - now() > margin } ?? true
    }
}
