/// What is known of one upstream's limits for one account, as replicas tell each other.
public struct RateState: Sendable, Equatable, Codable {
    public struct Reading: Sendable, Equatable, Codable {
        var limit: Int
        var remaining: Int
        var window: Int?
        var time: Int64
    }

    /// When it was learnt, in seconds since 1970.
    public var time: Int64
    var reading: Reading?
    /// Until when manifests and blobs are not asked for, in seconds since 1970.
    var manifestsBlockedUntil: Int64?
    var blobsBlockedUntil: Int64?
}
