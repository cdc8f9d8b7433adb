import CurlClient
import NIOConcurrencyHelpers

/// Bearer tokens of all upstreams. One for all clients, so that tokens outlive a change of configuration.
///
/// One fetch at a time for each key: others who want the same token wait for it and share what comes of it, but a failure
/// is not remembered. The first to ask fetches; if it is cancelled, the next of those who wait takes over.
public final class TokenCache: Sendable {
    /// Tokens are for one upstream, one identity and one scope; nothing else may use them. An upstream that asks for a
    /// certificate may put it into what it lets a token do.
    struct Key: Hashable, Sendable {
        let upstream: AbsoluteURL.Origin
        let credentials: RegistryCredentials?
        let clientIdentity: CurlSettings.ClientIdentity?
        let scope: String

        /// For whoever else has the same right to it; nil where certificates decide.
        var sharedName: [String]? {
            guard clientIdentity == nil else { return nil }
            return [upstream.isSecure ? "https" : "http", upstream.authority] + (credentials?.parts ?? ["", ""]) + [
                scope
            ]
        }
    }

    typealias Fetch = @Sendable () async throws(UpstreamError) -> IssuedToken

    private enum Turn: Sendable {
        case done(Result<BearerToken, UpstreamError>)
        case fetch
    }

    private struct Entry {
        var token: BearerToken?
        /// Where the token came from, to refresh it without being refused first.
        var issuer: UpstreamTokenIssuer?
        var isFetching = false
        var waiters: [(id: Int, continuation: CheckedContinuation<Turn, Never>)] = []
    }

    /// Who asks whom for tokens: what a service's limits are counted for.
    struct Asker: Hashable, Sendable {
        let service: AbsoluteURL.Origin
        let credentials: RegistryCredentials?
        let clientIdentity: CurlSettings.ClientIdentity?
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Services that have had enough; those that answer are not among them.
        var blocks: [Asker: RateBlock] = [:]
        var lastWaiter = 0
    }

    private static let mostEntries = 4096

    private let state = NIOLockedValueBox(State())
    private let now: @Sendable () -> Int64
    private let shared: (any SharedTokens)?

    /// - Parameters:
    ///   - shared: Where others may have one; nil for nowhere.
    ///   - now: Seconds since 1970.
    public init(shared: (any SharedTokens)? = nil, now: @escaping @Sendable () -> Int64 = SystemTime.seconds) {
        self.shared = shared
        self.now = now
    }

    /// Who issued the last token for the key, while it is remembered.
    func issuer(_ key: Key) -> UpstreamTokenIssuer? {
        state.withLockedValue { $0.entries[key]?.issuer }
    }

    /// A token for the key: a held one, or one fetched now.
    ///
    /// - Parameter refused: A token that the upstream did not take; not to be answered again.
    func token(
        _ key: Key, from issuer: UpstreamTokenIssuer, refused: BearerToken? = nil, fetch: Fetch
    ) async throws(UpstreamError) -> BearerToken {
        switch await turn(key, refused: refused) {
        case .done(let result):
            return try result.get()
        case .fetch:
            if let found = await foundElsewhere(key, refused) { return try land(key, issuer, .success(found)).get() }
            let result: Result<IssuedToken, UpstreamError>
            do throws(UpstreamError) {
                let issued = try await fetch()
                if let name = key.sharedName {
                    await shared?.keep(SharedToken(text: issued.text, expiry: now() + issued.lifetime), name)
                }
                result = .success(issued)
            } catch {
                result = .failure(error)
            }
            return try land(key, issuer, result).get()
        }
    }

    /// One that somebody else has fetched, with half a minute or more left.
    private func foundElsewhere(_ key: Key, _ refused: BearerToken?) async -> IssuedToken? {
        guard let shared, let name = key.sharedName, let token = await shared.token(name), token.text != refused?.text
        else { return nil }
        return IssuedToken(token, now: now())
    }

    /// Seconds for which a token service is not to be asked; 0 if it may be.
    func admit(_ asker: Asker) -> Int {
        state.withLockedValue { $0.blocks[asker]?.admit(now: now()) ?? 0 }
    }

    /// - Parameter block: Nil if the service answered anything but 429.
    func note(_ asker: Asker, _ block: RateBlock?) {
        state.withLockedValue { state in
            guard block != nil || !state.blocks.isEmpty else { return }
            if state.blocks.count >= Self.mostEntries { state.blocks = [:] }
            state.blocks[asker] = block
        }
    }

    /// How many wait for the fetch under way.
    func waiting(_ key: Key) -> Int {
        state.withLockedValue { $0.entries[key]?.waiters.count ?? 0 }
    }

    private func turn(_ key: Key, refused: BearerToken?) async -> Turn {
        let id = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn = state.withLockedValue { state -> Turn? in
                    guard !Task.isCancelled else { return .done(.failure(.cancelledWaiting)) }
                    let now = now()
                    var entry = state.entries[key] ?? Entry()
                    defer { state.entries[key] = entry }
                    if let token = entry.token, token == refused || now >= token.expiry { entry.token = nil }
                    // While somebody refreshes a token early, it still serves.
                    if let token = entry.token, now < token.refresh || entry.isFetching {
                        return .done(.success(token))
                    }
                    guard entry.isFetching else {
                        entry.isFetching = true
                        return .fetch
                    }
                    entry.waiters.append((id, continuation))
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let waiter = state.withLockedValue { state in
                state.entries[key]?.waiters.firstIndex { $0.id == id }.flatMap { position in
                    state.entries[key]?.waiters.remove(at: position)
                }
            }
            waiter?.continuation.resume(returning: .done(.failure(.cancelledWaiting)))
        }
    }

    private func land(
        _ key: Key, _ issuer: UpstreamTokenIssuer, _ result: Result<IssuedToken, UpstreamError>
    ) -> Result<BearerToken, UpstreamError> {
        let now = now()
        let (outcome, waiters, turn) = state.withLockedValue { state in
            var entry = state.entries[key] ?? Entry()
            var outcome: Result<BearerToken, UpstreamError>
            switch result {
            case .success(let issued):
                let token = BearerToken(issued, now: now)
                entry.token = token
                entry.issuer = issuer
                outcome = .success(token)
            case .failure(let error):
                if error.kind == .cancelled, !entry.waiters.isEmpty {
                    let heir = entry.waiters.removeFirst()
                    state.entries[key] = entry
                    return (Result<BearerToken, UpstreamError>.failure(error), [heir], Turn.fetch)
                }
                outcome = .failure(error)
                // An early refresh that failed costs nothing yet.
                if let token = entry.token { outcome = .success(token) } else { entry.issuer = nil }
            }
            let waiters = entry.waiters
            entry.waiters = []
            entry.isFetching = false
            state.entries[key] = entry.token == nil ? nil : entry
            Self.makeRoom(&state, now)
            return (outcome, waiters, .done(outcome))
        }
        for waiter in waiters { waiter.continuation.resume(returning: turn) }
        return outcome
    }

    private static func makeRoom(_ state: inout State, _ now: Int64) {
        guard state.entries.count > mostEntries else { return }
        let idle = state.entries.filter { !$0.value.isFetching }
        for (key, entry) in idle where (entry.token?.expiry ?? 0) <= now { state.entries[key] = nil }
        guard state.entries.count > mostEntries else { return }
        let soonest = idle.sorted { ($0.value.token?.expiry ?? 0) < ($1.value.token?.expiry ?? 0) }
        for (key, _) in soonest.prefix(mostEntries / 4) { state.entries[key] = nil }
    }
}

extension UpstreamError {
    fileprivate static let cancelledWaiting = UpstreamError(.cancelled, "the request was cancelled")
}
