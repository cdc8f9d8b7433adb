public import Access
internal import Coordination

/// Passwords that some replica has found right, as names made of them by a key that follows from the cluster's secret: a look
/// into Redis tells none and lets none be tried, and who can write there can make none right. Without a secret nothing is shared.
public struct VerifiedPasswords: SharedVerifications {
    /// As long as one process remembers one.
    private static let life: Int64 = 300

    private let replica: Replica
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(_ replica: Replica, now: @escaping @Sendable () -> Int64) {
        self.replica = replica
        self.now = now
    }

    public func isRight(_ parts: [[UInt8]]) async -> Bool {
        guard replica.values.isConfigured, let secret = replica.secret else { return false }
        let name = Self.name(parts, secret)
        guard let sealed = try? await replica.values.value(CoordinationKey(.password, name)),
            let text = secret.open(sealed, for: "password \(name)"),
            let end = Int64(String(decoding: text, as: UTF8.self))
        else { return false }
        // A value that somebody has kept alive is over all the same.
        return end > now() && end <= now() + 2 * Self.life
    }

    public func note(_ parts: [[UInt8]]) async {
        guard replica.values.isConfigured, let secret = replica.secret else { return }
        let name = Self.name(parts, secret)
        guard let sealed = secret.seal(Array(String(now() + Self.life).utf8), for: "password \(name)") else { return }
        // Who cannot be told hashes it.
        _ = try? await replica.values.store(
            sealed, CoordinationKey(.password, name), life: .seconds(Self.life), .always)
    }

    private static func name(_ parts: [[UInt8]], _ secret: ClusterSecret) -> String {
        secret.name(of: [Array("password".utf8)] + parts)
    }
}

extension CoordinationKey.Space {
    static let password = Self("password")
}
