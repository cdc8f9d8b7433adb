import NIOConcurrencyHelpers

/// How soon something is wanted. What was begun in the background becomes urgent when a client asks for it, wherever it
/// waits by then.
public final class Urgency: Sendable {
    /// Lower goes first.
    public enum Rank: Int, Sendable, Comparable {
        /// Manifests, and whether there is something: little, and clients cannot go on without it.
        case question
        /// Blobs for clients.
        case content
        /// What nobody waits for.
        case background

        public static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    private let state: NIOLockedValueBox<Rank>

    public init(_ rank: Rank) {
        state = NIOLockedValueBox(rank)
    }

    public var rank: Rank { state.withLockedValue { $0 } }

    /// Never makes anything less urgent.
    public func raise(to rank: Rank) { state.withLockedValue { $0 = min($0, rank) } }
}
