/// One replica's part in fetching a blob once for the whole cluster: what it does next, given what came of what it did.
///
/// A value without time, network or content, so that a simulation can run it through every order of events.
public struct FillCourse: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// Ask for the lease on the digest.
        case ask
        /// Look whether the store has the content.
        case look
        /// Fetch from the upstream, from where the spool ends.
        case fetch
        /// Get the rest from the replica that fetches.
        case follow(FillOwner)
        /// Get the rest from the store.
        case read
        case rest(Duration)
        /// Write the whole into the store.
        case store
        case end(Outcome)
    }

    public enum Outcome: Sendable, Equatable {
        /// The store has it.
        case stored
        /// It is whole, and the store has not taken it.
        case unstored
        case failed
    }

    public enum Event: Sendable, Equatable {
        case begun
        /// The lease is ours.
        case granted
        /// Another has it.
        ///
        /// - Parameters:
        ///   - owner: Nil if it does not say who.
        ///   - left: How long it has it, if it does not renew.
        case taken(FillOwner?, left: Duration)
        /// Nobody can be asked for leases.
        case unavailable
        /// The store has the content.
        case present
        case absent
        /// The store does not say.
        case unknown
        /// All bytes are here and verified.
        case whole
        /// What sent bytes has stopped.
        case brokeOff(progressed: Bool)
        /// The replica that fetches gives no answer.
        case unreachable
        /// It says that it does not fetch this.
        case notOwner
        /// The lease may be another's by now.
        case overtaken
        case rested
        case written
        case unwritten
        /// Nothing more is to be tried.
        case gaveUp
    }

    private enum Role: Equatable {
        case none, owner, alone
    }

    private static let longestRest: Duration = .seconds(1)
    /// Times that the store may fail to send what it has.
    private static let mostReads = 8
    /// Rests for which a replica that could not be reached is not asked again.
    private static let shunning = 10

    /// The step that was said last.
    public private(set) var lastStep: Step = .end(.failed)
    private var role = Role.none
    private var isWhole = false
    /// Steps in a row that brought nothing.
    private var idle = 0
    private var failedReads = 0
    private var shunned: (owner: FillOwner, rests: Int)?
    /// Rests while there was nobody to follow, altogether.
    private var unled: Duration = .zero
    private let patience: Duration?

    /// - Parameter patience: With who fetches and cannot be followed; nil for as long as that takes.
    public init(patience: Duration? = nil) { self.patience = patience }

    public static func == (left: FillCourse, right: FillCourse) -> Bool {
        left.lastStep == right.lastStep && left.role == right.role && left.isWhole == right.isWhole
            && left.idle == right.idle
            && left.failedReads == right.failedReads && left.shunned?.owner == right.shunned?.owner
            && left.shunned?.rests == right.shunned?.rests && left.unled == right.unled
            && left.patience == right.patience
    }

    /// Whether others may follow: the bytes come from the upstream, or did.
    public var isLeading: Bool { role != .none }

    /// What to do next.
    ///
    /// - Parameter event: What came of the step before.
    public mutating func take(_ event: Event) -> Step {
        lastStep = next(event)
        return lastStep
    }

    private mutating func next(_ event: Event) -> Step {
        switch (lastStep, event) {
        case (_, .gaveUp): return ended(.failed)
        case (_, .begun): return .ask
        case (.ask, .granted):
            role = .owner
            // Whoever had it may have finished.
            return .look
        case (.ask, .taken(let owner, let left)):
            role = .none
            if !isWhole, let owner, shunned?.owner != owner { return .follow(owner) }
            if !isWhole, let patience, unled >= patience {
                // Its own client has got nothing so far: better twice than never.
                role = .alone
                return .fetch
            }
            let rest = min(left, pause())
            unled += rest
            return .rest(rest)
        case (.ask, .unavailable):
            role = .alone
            return isWhole ? .look : .fetch
        case (.look, .present):
            role = .none
            return isWhole ? ended(.stored) : .read
        case (.look, .absent), (.look, .unknown): return role == .none ? .ask : isWhole ? .store : .fetch
        case (.fetch, .overtaken), (.store, .overtaken):
            role = .none
            return .ask
        case (.fetch, .whole):
            isWhole = true
            // Somebody else may have been faster than who had nobody to ask.
            return role == .owner ? .store : .look
        case (.follow, .whole):
            isWhole = true
            return .look
        case (.read, .whole): return ended(.stored)
        case (.follow, .brokeOff(true)):
            (idle, unled) = (0, .zero)
            return .look
        case (.follow, .brokeOff(false)), (.follow, .notOwner): return resting()
        case (.follow(let owner), .unreachable):
            shunned = (owner, 0)
            return .look
        case (.read, .brokeOff(let progressed)):
            failedReads = progressed ? 0 : failedReads + 1
            return failedReads < Self.mostReads ? resting() : ended(.failed)
        case (.rest, .rested):
            if let (owner, rests) = shunned { shunned = rests < Self.shunning ? (owner, rests + 1) : nil }
            return .look
        case (.store, .written): return ended(.stored)
        case (.store, .unwritten): return ended(.unstored)
        default:
            assertionFailure("\(event) cannot come of \(lastStep)")
            return ended(.failed)
        }
    }

    private mutating func ended(_ outcome: Outcome) -> Step {
        role = .none
        return .end(outcome)
    }

    private mutating func resting() -> Step { .rest(pause()) }

    private mutating func pause() -> Duration {
        defer { idle += 1 }
        return min(.milliseconds(50) * (1 << min(idle, 5)), Self.longestRest)
    }
}
