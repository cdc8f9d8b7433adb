import NIOConcurrencyHelpers
import OCI
import Storage

/// What the last round of collection found, by folders whose names have not changed since: those are not read again.
///
/// A mistake could keep something too long and never remove anything: a link whose folder stays while it is gone still counts,
/// and a mark that was taken back is missed only when it is ripe. So everything is read again from time to time.
final class CollectionMemory: Sendable {
    typealias Key = ManifestFacts.Key

    struct Repository: Sendable {
        var versions: [FolderVersion]
        /// What it needs, or what is none of collection's.
        var links: [Key]
        /// What is condemned.
        var doomed: [Key]
        /// When the first of those was, by seconds since 1970.
        var firstMark: Int64?
        var manifests: Int
    }

    struct Shelf: Sendable {
        var version: FolderVersion
        var contents: [Key]
    }

    private struct State {
        var repositories: [RepositoryName: Repository] = [:]
        var shelves: [String: Shelf] = [:]
        var rounds = 0
        /// Digests of the last round that had references.
        var needed = 0
        /// Removals that another collector has not come to the end of, with when they were first seen.
        var sweeps: [String: ContinuousClock.Instant] = [:]
    }

    /// Of so many rounds one reads everything.
    private static let fullEvery = 24
    /// Keys of sixteen bytes, of links and of contents each; of what is beyond nothing is remembered.
    static let capacity = 4_000_000
    private let state = NIOLockedValueBox(State())

    /// What is known of the rounds before. It is taken out, and put back renewed when the round has come to its end.
    struct Round {
        fileprivate(set) var repositories: [RepositoryName: Repository] = [:]
        fileprivate(set) var shelves: [String: Shelf] = [:]
        fileprivate(set) var needed = 0
    }

    func begin() -> Round {
        state.withLockedValue { state in
            state.rounds += 1
            defer { (state.repositories, state.shelves) = ([:], [:]) }
            if state.rounds % Self.fullEvery == 0 { return Round(needed: state.needed) }
            return Round(repositories: state.repositories, shelves: state.shelves, needed: state.needed)
        }
    }

    /// Those of the removals which have been seen for so long that who began them must be dead.
    func abandoned(_ sweeps: [String], after patience: Duration) -> [String] {
        let now = ContinuousClock.now
        return state.withLockedValue { state in
            let before = state.sweeps
            state.sweeps = Dictionary(sweeps.map { ($0, before[$0] ?? now) }, uniquingKeysWith: { first, _ in first })
            return sweeps.filter { now - (state.sweeps[$0] ?? now) >= patience }
        }
    }

    func end(_ repositories: [RepositoryName: Repository], _ shelves: [String: Shelf], needed: Int) {
        state.withLockedValue { state in
            (state.repositories, state.shelves, state.needed) = (repositories, shelves, needed)
        }
    }
}
