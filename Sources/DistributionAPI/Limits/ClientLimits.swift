internal import Access
internal import Metrics
internal import NIOConcurrencyHelpers
public import NIOCore

/// How much each client may ask for: requests and bytes a second, by address and by identity. Outlives configurations, so
/// that a reload gives nobody anew what was used up.
public final class ClientLimits: Sendable {
    /// So much in a second, and so much at once after a pause.
    public struct Rate: Sendable, Equatable {
        public var perSecond: Double
        public var burst: Double

        public init(perSecond: Double, burst: Double) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    /// Of one client; nil for as much as it likes.
    public struct Share: Sendable, Equatable {
        public var requests: Rate?
        public var bytes: Rate?

        public init(requests: Rate? = nil, bytes: Rate? = nil) {
            self.requests = requests
            self.bytes = bytes
        }

        var isLimited: Bool { requests != nil || bytes != nil }
    }

    public struct Settings: Sendable, Equatable {
        public var address: Share
        public var identity: Share

        public init(address: Share = Share(), identity: Share = Share()) {
            self.address = address
            self.identity = identity
        }
    }

    enum Party: Hashable, Sendable {
        case address(ClientAddress)
        case identity(IdentityID)
    }

    /// Clients that are kept count of. Who is forgotten begins anew.
    static let mostParties = 100_000

    private struct State {
        var settings: Settings
        var buckets: [Party: ClientBucket] = [:]
    }

    private let state: NIOLockedValueBox<State>
    private let now: @Sendable () -> NIODeadline

    public init(_ settings: Settings = Settings(), now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        state = NIOLockedValueBox(State(settings: settings))
        self.now = now
    }

    public func adjust(_ settings: Settings) {
        state.withLockedValue { state in
            guard state.settings != settings else { return }
            state.settings = settings
        }
    }

    /// Whether a request is within the limits, which is then counted.
    ///
    /// - Returns: Seconds after which it would be, if it is not.
    func admit(_ party: Party) -> Int? {
        let now = now()
        let refusal = state.withLockedValue { state -> ClientBucket.Refusal? in
            let share = state.settings.share(of: party)
            guard share.isLimited else { return nil }
            if state.buckets[party] == nil, state.buckets.count >= Self.mostParties { Self.forget(&state, now) }
            return state.buckets[party, default: ClientBucket(share, now)].admit(share, now)
        }
        guard let refusal else { return nil }
        Counter(
            label: "entrepot_limited_requests_total",
            dimensions: [("by", party.word), ("what", refusal.what.rawValue)]
        ).increment()
        return refusal.seconds
    }

    /// Counts what was sent to a client, and taken from it, in bytes.
    func charge(_ party: Party, _ bytes: Int64) {
        let now = now()
        state.withLockedValue { state in
            let share = state.settings.share(of: party)
            guard share.bytes != nil else { return }
            state.buckets[party]?.charge(bytes, share, now)
        }
    }

    /// Forgets those that have all of their share again; if that is nobody, everybody.
    private static func forget(_ state: inout State, _ now: NIODeadline) {
        let settings = state.settings
        state.buckets = state.buckets.filter { !$0.value.isFull(settings.share(of: $0.key), now) }
        if state.buckets.count >= mostParties { state.buckets = [:] }
    }
}

extension ClientLimits.Settings {
    fileprivate func share(of party: ClientLimits.Party) -> ClientLimits.Share {
        switch party {
        case .address: address
        case .identity: identity
        }
    }
}

extension ClientLimits.Party {
    fileprivate var word: String {
        switch self {
        case .address: "address"
        case .identity: "identity"
        }
    }
}
