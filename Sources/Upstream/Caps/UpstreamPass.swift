import NIOConcurrencyHelpers

/// Leave to use an upstream for one request, from its start to the last byte of its answer. Letting go of it ends it.
public final class UpstreamPass: Sendable {
    private let errand: UpstreamErrand
    private let bucket: BandwidthBucket
    private let asked: @Sendable () -> Bool
    private let leave: @Sendable (_ isMakingWay: Bool) -> Void
    private let isMakingWay = NIOLockedValueBox(false)

    init(
        _ errand: UpstreamErrand, _ bucket: BandwidthBucket, makesWay: @escaping @Sendable () -> Bool,
        leave: @escaping @Sendable (_ isMakingWay: Bool) -> Void
    ) {
        self.errand = errand
        self.bucket = bucket
        asked = makesWay
        self.leave = leave
    }

    deinit { leave(isMakingWay.withLockedValue { $0 }) }

    /// Whether this transfer, which nobody waits for, should break off because clients wait for its place. It is continued
    /// where it ended when there is one again.
    public func makesWay() -> Bool {
        guard errand.urgency.rank == .background else { return false }
        return isMakingWay.withLockedValue { isMakingWay in
            if !isMakingWay { isMakingWay = asked() }
            return isMakingWay
        }
    }

    /// Waits until these bytes, which have arrived, are within the cap. What is not taken meanwhile stops the upstream.
    public func take(_ bytes: Int) async { await bucket.take(bytes, errand) }

    /// The same for small answers, which are not held up: others wait the longer.
    public func charge(_ bytes: Int) { bucket.charge(bytes) }

    /// Bytes a second.
    var rate: Int? { bucket.rate }
}
