internal import Coordination
internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
public import OCI

/// A fill's place in the cluster: carries out those steps of its ``FillCourse`` that concern leases, and says what is left
/// to the fill.
public final class FillSeat: Sendable {
    /// What the fill does next.
    public enum Turn: Sendable {
        /// Get the bytes from the upstream; from where it already does, if it does.
        case fetch
        case follow(FillOwner)
        /// Get the bytes from the store.
        case read
        case store
        case end(FillCourse.Outcome)
    }

    private struct State {
        var course: FillCourse
        var held: (lease: Lease, watch: LeaseWatch)?
    }

    private let replica: Replica
    private let secret: ClusterSecret
    private let key: CoordinationKey
    private let owner = LeaseOwner()
    private let isStored: @Sendable () async -> Bool?
    private let state: NIOLockedValueBox<State>

    /// Nil where fills are not divided among replicas.
    ///
    /// - Parameters:
    ///   - patience: With a replica that fetches and cannot be reached.
    ///   - isStored: Whether the store has the content; nil if it does not say.
    public init?(
        _ digest: Digest, _ replica: Replica, patience: Duration, isStored: @escaping @Sendable () async -> Bool?
    ) {
        // One that has died is told from one that cannot be reached by its lease, which ends: another takes over then.
        state = NIOLockedValueBox(State(course: FillCourse(patience: max(patience, replica.leases.life * 3 / 2))))
        guard replica.dividesFills, let secret = replica.secret else { return nil }
        self.replica = replica
        self.secret = secret
        self.isStored = isStored
        key = CoordinationKey(.fill, digest.description)
    }

    /// Whether others may follow this fill.
    public var isLeading: Bool { state.withLockedValue { $0.course.isLeading } }

    /// Whether another replica may have taken over.
    public var isOvertaken: Bool { state.withLockedValue { $0.held }?.watch.isLost ?? false }

    /// Renews the lease while one is held, until cancelled. To run beside the fill.
    public func keep() async {
        while !Task.isCancelled {
            await replica.clock.sleep(replica.leases.life / 3)
            guard !Task.isCancelled, let (lease, watch) = state.withLockedValue({ $0.held }) else { continue }
            await watch.renew(lease, replica.leases)
        }
    }

    /// What the fill does next, after as many questions and rests as that takes.
    ///
    /// - Parameter event: What came of the turn before.
    public func next(_ event: FillCourse.Event) async -> Turn {
        var event = event
        while true {
            let step = state.withLockedValue { $0.course.take(event) }
            switch step {
            case .ask: event = await ask()
            case .look:
                event =
                    switch await isStored() {
                    case true?: .present
                    case false?: .absent
                    case nil: .unknown
                    }
            case .rest(let duration):
                // Jitter: those who wait for the same must not ask in step for ever.
                await replica.clock.sleep(duration * Double.random(in: 0.5...1.5))
                event = Task.isCancelled ? .gaveUp : .rested
            case .fetch:
                if isOvertaken { event = .overtaken } else { return counted(.fetch, isLeased ? "owner" : "alone") }
            case .store:
                if isOvertaken { event = .overtaken } else { return .store }
            case .follow(let owner): return counted(.follow(owner), "follower")
            case .read:
                await release()
                return counted(.read, "reader")
            case .end(let outcome):
                await release()
                return .end(outcome)
            }
        }
    }

    private var isLeased: Bool { state.withLockedValue { $0.held != nil } }

    private func counted(_ turn: Turn, _ part: String) -> Turn {
        Counter(label: "entrepot_cluster_fill_turns_total", dimensions: [("part", part)]).increment()
        return turn
    }

    private func ask() async -> FillCourse.Event {
        let life = replica.leases.life
        let asked = replica.clock.now()
        let name = replica.address.map { FillOwner(id: owner.description, address: $0) }
        do throws(CoordinationError) {
            let answer = try await replica.leases.acquire(
                key, owner: owner, note: name?.note(secret, for: key.name) ?? [], life: life)
            switch answer {
            case .granted(let lease):
                let watch = LeaseWatch(clock: replica.clock, life: life, from: asked)
                state.withLockedValue { $0.held = (lease, watch) }
                return .granted
            case .taken(let note, let left):
                state.withLockedValue { $0.held = nil }
                return .taken(FillOwner(note: note, secret, for: key.name), left: left)
            }
        } catch {
            state.withLockedValue { $0.held = nil }
            return .unavailable
        }
    }

    private func release() async {
        let held = state.withLockedValue { state in
            defer { state.held = nil }
            return state.held
        }
        if let held { await replica.leases.giveBack(held.lease) }
    }
}

extension CoordinationKey.Space {
    static let fill = Self("fill")
}
