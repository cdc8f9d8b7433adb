import Cluster
import Hashing
import NIOConcurrencyHelpers
import OCI
import Storage
import Upstream

/// One blob on its way from an upstream into the store, once, whoever and however many wait for it.
final class Fill: Sendable {
    /// Where the blob is fetched from.
    struct Source: Sendable {
        let upstreams: UpstreamList
        /// On whose behalf.
        let repository: RepositoryName
        let remoteName: RepositoryName
        /// Upstreams that lately sent wrong bytes for this digest: asked last.
        let distrusted: Set<String>
        /// What a manifest says that the blob has, in bytes; nil if none is known.
        let claimedSize: Int64?
        /// Has the repository's own upstream say that it holds the blob.
        let vouch: @Sendable () async throws(RegistryError) -> Void
    }

    /// What a fill has to do with those of other replicas.
    struct ClusterPart: Sendable {
        let seat: FillSeat
        let peers: PeerClient
        /// The content as the store has it; nil if it has not.
        let stored: @Sendable () async throws(StorageError) -> ObjectContent?
    }

    private struct State {
        var file: SpoolFile?
        var readers = 0
        var isAbandoned = false
        /// The repository's own upstream is known to hold the blob.
        var isVouched = false
        var hasFoundNobody = false
    }

    let digest: Digest
    let progress = FillProgress()
    let source: Source
    let limits: FillLimits
    let timers: Timers
    let makeRoom: RoomMaker
    /// Nil where fills are not divided among replicas.
    let cluster: ClusterPart?
    private let state = NIOLockedValueBox(State())

    init(
        _ digest: Digest, _ source: Source, _ limits: FillLimits, _ timers: Timers, cluster: ClusterPart? = nil,
        makeRoom: @escaping RoomMaker
    ) {
        self.digest = digest
        self.source = source
        self.limits = limits
        self.timers = timers
        self.makeRoom = makeRoom
        self.cluster = cluster
    }

    /// The growing file; nil before the upstream has answered.
    var file: OpenFile? { state.withLockedValue { $0.file?.file } }

    /// Readers now; the caller holds the table's lock, so that none comes while the last one goes.
    func addReader() { state.withLockedValue { $0.readers += 1 } }

    /// Whether that was the last one.
    func removeReader() -> Bool {
        state.withLockedValue { state in
            state.readers -= 1
            return state.readers == 0
        }
    }

    var hasReaders: Bool { state.withLockedValue { $0.readers > 0 } }

    /// Ends the fill at the next piece.
    func abandon() { state.withLockedValue { $0.isAbandoned = true } }

    var isVouched: Bool { state.withLockedValue { $0.isVouched } }

    func noteVouched() { state.withLockedValue { $0.isVouched = true } }

    /// Whether it is the first time that a replica could not be reached.
    func noteUnreachable() -> Bool {
        state.withLockedValue { state in
            defer { state.hasFoundNobody = true }
            return !state.hasFoundNobody
        }
    }

    var isAbandoned: Bool { state.withLockedValue { $0.isAbandoned } }

    /// Makes the file known to readers, and the size where the upstream says it.
    func begin(_ file: SpoolFile, size: Int64?) {
        state.withLockedValue { $0.file = file }
        progress.update { snapshot in
            snapshot.phase = .streaming
            snapshot.size = size
        }
    }
}

/// Why a fill came to nothing, and whom to blame.
struct FillError: Error {
    let error: RegistryError
    /// Names of the upstreams that sent what is not the blob; where several had a part in it, nobody knows which.
    var liars: Set<String> = []
    /// No more can be written: what was hashed until then is in the file.
    var overflow: DigestHasher?

    /// One of few words, for metrics.
    var cause: String {
        if !liars.isEmpty { return "wrong_bytes" }
        switch error.cause {
        case let upstream as UpstreamError: return upstream.kind.word
        case is StorageError: return "store"
        default: return error.code.rawValue.lowercased()
        }
    }
}
