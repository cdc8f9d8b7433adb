import NIOConcurrencyHelpers
import OCI

/// What upstreams lately said they do not have, so that a client that keeps asking costs them nothing. Only looked at
/// where nothing is held.
final class AbsentManifests: Sendable {
    private struct Absence {
        let since: Int64
        let error: RegistryError
    }

    private static let capacity = 10_000
    private let absences = NIOLockedValueBox<[Registry.ManifestKey: Absence]>([:])

    /// - Parameter lifetime: Seconds.
    func error(_ key: Registry.ManifestKey, now: Int64, lifetime: Int64) -> RegistryError? {
        guard lifetime > 0 else { return nil }
        return absences.withLockedValue { absences in
            guard let absence = absences[key] else { return nil }
            guard (0..<lifetime).contains(now - absence.since) else {
                absences[key] = nil
                return nil
            }
            return absence.error
        }
    }

    func insert(_ key: Registry.ManifestKey, _ error: RegistryError, now: Int64) {
        absences.withLockedValue { absences in
            // All at once, seldom: a list to evict from would cost more than asking again.
            if absences.count >= Self.capacity { absences = [:] }
            absences[key] = Absence(since: now, error: error)
        }
    }

    func removeAll() { absences.withLockedValue { $0 = [:] } }

    func remove(in repository: RepositoryName) {
        absences.withLockedValue { absences in absences = absences.filter { $0.key.repository != repository } }
    }
}
