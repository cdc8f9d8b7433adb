import Configuration
import Coordination
import Doctor
import RedisCoordination

extension Examination {
    private static let space = CoordinationKey.Space("doctor")

    func redisFindings(_ configuration: Configuration) async -> [Finding] {
        var found: [Finding] = []
        for (key, section) in [
            ("lock_store.redis", configuration.lockStore), ("cache_store.redis", configuration.cacheStore),
        ] {
            guard let section else { continue }
            let redis = RedisCoordination(RedisSettings(section))
            do throws(CoordinationError) {
                try await redis.check()
                try await lease(redis)
                found.append(Finding(.ok, .redis, key, "answers, and gives and takes back a lease"))
            } catch {
                found.append(
                    Finding(
                        .failure, .redis, key, "\(error)",
                        remedy:
                            "see that it runs at this address, takes the password, and lets the user run EVAL, SET and "
                            + "GETRANGE on keys that begin with '\(section.keyPrefix)'"))
            }
        }
        return found
    }

    /// The scripts that everything else is made of.
    private func lease(_ redis: RedisCoordination) async throws(CoordinationError) {
        let owner = LeaseOwner()
        let key = CoordinationKey(Self.space, owner.description)
        guard case .granted(let lease) = try await redis.acquire(key, owner: owner, note: [], life: .seconds(5)) else {
            throw CoordinationError(.busy, "a lease that nobody else can know is taken")
        }
        try await redis.release(lease)
    }
}
