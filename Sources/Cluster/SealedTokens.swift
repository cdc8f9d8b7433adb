internal import Coordination
internal import FoundationEssentials
public import Upstream

/// Tokens of upstreams among replicas: sealed with the cluster's secret under names that tell nothing, so that a look into
/// Redis opens no registry. Without a secret nothing is shared.
public struct SealedTokens: SharedTokens {
    private let replica: Replica
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(_ replica: Replica, now: @escaping @Sendable () -> Int64) {
        self.replica = replica
        self.now = now
    }

    public func token(_ name: [String]) async -> SharedToken? {
        guard replica.values.isConfigured, let secret = replica.secret else { return nil }
        let key = secret.name(name)
        guard let sealed = try? await replica.values.value(CoordinationKey(.token, key)),
            let bytes = secret.open(sealed, for: "token \(key)")
        else { return nil }
        return try? JSONDecoder().decode(SharedToken.self, from: Data(bytes))
    }

    public func keep(_ token: SharedToken, _ name: [String]) async {
        guard replica.values.isConfigured, let secret = replica.secret, token.expiry > now(),
            let bytes = try? JSONEncoder().encode(token)
        else { return }
        let key = secret.name(name)
        guard let sealed = secret.seal(Array(bytes), for: "token \(key)") else { return }
        // Who cannot be told fetches one.
        _ = try? await replica.values.store(
            sealed, CoordinationKey(.token, key), life: .seconds(token.expiry - now()), .always)
    }
}

extension CoordinationKey.Space {
    static let token = Self("token")
    static let budget = Self("budget")
}
