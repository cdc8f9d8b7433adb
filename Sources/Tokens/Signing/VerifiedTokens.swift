import NIOConcurrencyHelpers

/// Tokens that were verified not long ago, in two generations: when the younger is full, the older is forgotten.
final class VerifiedTokens: Sendable {
    private struct State {
        var young: [TokenHash: VerifiedToken] = [:]
        var old: [TokenHash: VerifiedToken] = [:]
    }

    private let generation: Int
    private let state = NIOLockedValueBox(State())

    /// - Parameter limit: The most that are held; 0 holds none.
    init(limit: Int) { generation = limit / 2 }

    subscript(hash: TokenHash) -> VerifiedToken? {
        state.withLockedValue { state in
            if let token = state.young[hash] { return token }
            guard let token = state.old[hash] else { return nil }
            Self.insert(token, as: hash, &state, generation)
            return token
        }
    }

    func insert(_ token: VerifiedToken, as hash: TokenHash) {
        guard generation > 0 else { return }
        state.withLockedValue { Self.insert(token, as: hash, &$0, generation) }
    }

    var count: Int { state.withLockedValue { $0.young.count + $0.old.count } }

    private static func insert(_ token: VerifiedToken, as hash: TokenHash, _ state: inout State, _ generation: Int) {
        if state.young.count >= generation {
            state.old = state.young
            state.young = [:]
        }
        state.young[hash] = token
    }
}
