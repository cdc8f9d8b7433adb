internal import NIOCore

/// What one client has left of its share. Bytes may be owed, since how many an answer has is known when it was sent.
struct ClientBucket {
    enum What: String {
        case requests, bytes
    }

    struct Refusal {
        let what: What
        /// Until it would be admitted, at least one.
        let seconds: Int
    }

    private var requests: Double
    private var bytes: Double
    private var looked: NIODeadline

    /// Of a client that was not seen for long.
    init(_ share: ClientLimits.Share, _ now: NIODeadline) {
        requests = share.requests?.burst ?? 0
        bytes = share.bytes?.burst ?? 0
        looked = now
    }

    mutating func admit(_ share: ClientLimits.Share, _ now: NIODeadline) -> Refusal? {
        refill(share, now)
        if let rate = share.bytes, bytes < 0 { return Refusal(what: .bytes, seconds: Self.seconds(-bytes, rate)) }
        guard let rate = share.requests else { return nil }
        guard requests >= 1 else { return Refusal(what: .requests, seconds: Self.seconds(1 - requests, rate)) }
        requests -= 1
        return nil
    }

    mutating func charge(_ count: Int64, _ share: ClientLimits.Share, _ now: NIODeadline) {
        refill(share, now)
        bytes -= Double(count)
    }

    func isFull(_ share: ClientLimits.Share, _ now: NIODeadline) -> Bool {
        var copy = self
        copy.refill(share, now)
        return copy.requests >= share.requests?.burst ?? 0 && copy.bytes >= share.bytes?.burst ?? 0
    }

    private mutating func refill(_ share: ClientLimits.Share, _ now: NIODeadline) {
        let seconds = Double((now - looked).nanoseconds) / 1e9
        looked = now
        if let rate = share.requests { requests = min(rate.burst, requests + seconds * rate.perSecond) }
        if let rate = share.bytes { bytes = min(rate.burst, bytes + seconds * rate.perSecond) }
    }

    private static func seconds(_ missing: Double, _ rate: ClientLimits.Rate) -> Int {
        Int(min(max((missing / rate.perSecond).rounded(.up), 1), 3600))
    }
}
