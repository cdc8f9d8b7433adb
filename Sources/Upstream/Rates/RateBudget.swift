import CurlClient
import Metrics
import NIOConcurrencyHelpers

/// How many requests one upstream allows one account, as its answers tell. Times are seconds since 1970.
public final class RateBudget: Sendable {
    /// What limits are counted for: Docker Hub counts manifests, and goes on sending blobs.
    enum Family: Sendable, Hashable {
        case manifests
        case blobs
    }

    public struct Reading: Sendable, Equatable {
        public let limit: Int
        public let remaining: Int
        /// Seconds after which what was used is given back; nil if the upstream does not say.
        public let window: Int?
        public let time: Int64

        public init(limit: Int, remaining: Int, window: Int?, time: Int64) {
            self.limit = limit
            self.remaining = remaining
            self.window = window
            self.time = time
        }
    }

    private struct State {
        var reading: Reading?
        var blocks: [Family: RateBlock] = [:]
        /// When something of it was last learnt.
        var time: Int64?
    }

    /// Seconds after which a low reading is worth another look, however long its window.
    private static let longestTrust = 900

    private let known = NIOLockedValueBox(State())
    private let limitGauge: Gauge
    private let remainingGauge: Gauge
    private let blockedGauge: Gauge

    /// - Parameters:
    ///   - name: Of the upstream, for metrics.
    ///   - account: For metrics as well; nil for anonymous.
    public init(name: String, account: String? = nil) {
        let dimensions = [("upstream", name), ("account", account ?? "")]
        limitGauge = Gauge(label: "entrepot_upstream_rate_limit", dimensions: dimensions)
        remainingGauge = Gauge(label: "entrepot_upstream_rate_remaining", dimensions: dimensions)
        blockedGauge = Gauge(label: "entrepot_upstream_rate_blocked_until_seconds", dimensions: dimensions)
    }

    public var reading: Reading? { known.withLockedValue { $0.reading } }

    /// Seconds for which nothing is asked because the upstream refused to answer more; 0 if it may be asked.
    public func wait(now: Int64) -> Int {
        known.withLockedValue { state in
            state.blocks.values.map { $0.wait(now: now) }.max() ?? 0
        }
    }

    /// Less than a tenth is left.
    public func isLow(now: Int64) -> Bool {
        guard let reading, reading.limit > 0 else { return false }
        let age = now - reading.time
        guard age >= 0, age < Int64(min(reading.window ?? 60, Self.longestTrust)) else { return false }
        return reading.remaining * 10 < reading.limit
    }

    /// Whether something may be asked now.
    enum Admission: Equatable {
        case free
        /// The first who comes after a block: he finds out for all.
        case probe(RateBlock)
        /// Seconds.
        case wait(Int)
    }

    func admit(_ family: Family, now: Int64) -> Admission {
        known.withLockedValue { known in
            guard var block = known.blocks[family] else { return .free }
            let wait = block.admit(now: now)
            guard wait == 0 else { return .wait(wait) }
            known.blocks[family] = block
            return .probe(block)
        }
    }

    /// Whoever was to find out has ended. If nothing is known by that, the next one finds out.
    func ended(_ probe: RateBlock, _ family: Family, now: Int64) {
        known.withLockedValue { known in
            if known.blocks[family] == probe { known.blocks[family]?.giveUp(now: now) }
        }
    }

    /// The upstream itself answered 429; a host that it leads to has a limit of its own.
    func refused(_ family: Family, retryAfter: Int?, now: Int64) {
        let block = RateBlock(retryAfter: retryAfter, now: now)
        known.withLockedValue { ($0.blocks[family], $0.time) = (block, now) }
        blockedGauge.record(block.end)
    }

    /// The upstream itself answered anything else.
    func answered(_ family: Family) {
        known.withLockedValue { state in
            if state.blocks[family] != nil { state.blocks[family] = nil }
        }
    }

    /// Takes what the answer's header says: `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600` as Docker
    /// Hub sends them, `RateLimit: limit=100, remaining=76, reset=30`, and the older names with `X-`.
    func note(_ headers: CurlHeaders, now: Int64) {
        if let reading = Self.reading(headers, now: now) { note(reading) }
    }

    public func note(_ reading: Reading) {
        known.withLockedValue { ($0.reading, $0.time) = (reading, reading.time) }
        limitGauge.record(reading.limit)
        remainingGauge.record(reading.remaining)
    }

    /// What is known, to be told to others; nil as long as nothing is.
    public var state: RateState? {
        known.withLockedValue { known in
            guard let time = known.time else { return nil }
            return RateState(
                time: time,
                reading: known.reading.map {
                    RateState.Reading(limit: $0.limit, remaining: $0.remaining, window: $0.window, time: $0.time)
                },
                manifestsBlockedUntil: known.blocks[.manifests]?.end, blobsBlockedUntil: known.blocks[.blobs]?.end)
        }
    }

    /// Takes on what others have learnt later.
    ///
    /// - Parameter now: Seconds since 1970. What others know from the future is not believed.
    public func take(_ other: RateState, now: Int64) {
        guard other.time <= now + 60 else { return }
        known.withLockedValue { known in
            guard other.time > known.time ?? .min else { return }
            known.time = other.time
            if let reading = other.reading, reading.isPossible(now: now) {
                known.reading = Reading(
                    limit: reading.limit, remaining: reading.remaining, window: reading.window, time: reading.time)
            }
            known.blocks[.manifests] = other.manifestsBlockedUntil.flatMap { RateBlock(until: $0, now: now) }
            known.blocks[.blobs] = other.blobsBlockedUntil.flatMap { RateBlock(until: $0, now: now) }
        }
    }

    private static func reading(_ headers: CurlHeaders, now: Int64) -> Reading? {
        if let combined = headers["RateLimit"] {
            let fields = parameters(combined, separator: ",")
            guard let limit = fields["limit"], let remaining = fields["remaining"] else { return nil }
            return Reading(limit: limit, remaining: remaining, window: fields["reset"], time: now)
        }
        for prefix in ["RateLimit", "X-RateLimit"] {
            guard let limit = headers["\(prefix)-Limit"].flatMap(number),
                let text = headers["\(prefix)-Remaining"], let remaining = number(text)
            else { continue }
            return Reading(limit: limit, remaining: remaining, window: parameters(text, separator: ";")["w"], time: now)
        }
        return nil
    }

    /// The number that the text begins with.
    private static func number(_ text: some StringProtocol) -> Int? {
        let digits = text.drop { $0 == " " }.utf8.prefix { (0x30...0x39).contains($0) }
        guard (1...9).contains(digits.count) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func parameters(_ text: String, separator: Character) -> [String: Int] {
        var fields: [String: Int] = [:]
        for part in text.prefix(200).split(separator: separator) {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = number(sides[1]) else { continue }
            fields[sides[0].filter { $0 != " " }.lowercased()] = value
        }
        return fields
    }
}
