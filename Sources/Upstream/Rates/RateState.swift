/// What is known of one upstream's limits for one account, as replicas tell each other.
public struct RateState: Sendable, Equatable, Codable {
    public struct Reading: Sendable, Equatable, Codable {
        var limit: Int
        var remaining: Int
        var window: Int?
        var time: Int64

        /// As long as a header may say it: nine digits.
        fileprivate static let possible = 0...999_999_999

        /// Whether a replica can have learnt this, so that it can be reckoned with.
        func isPossible(now: Int64) -> Bool {
            Self.possible.contains(limit) && Self.possible.contains(remaining)
                && window.map(Self.possible.contains) ?? true && (0...now + 60).contains(time)
        }
    }

    /// When it was learnt, in seconds since 1970.
    public var time: Int64
    var reading: Reading?
    /// Until when manifests and blobs are not asked for, in seconds since 1970.
    var manifestsBlockedUntil: Int64?
    var blobsBlockedUntil: Int64?
}
