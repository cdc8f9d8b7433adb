/// Bounds of fills.
public struct FillLimits: Sendable {
    /// Fills at a time; others wait for their turn.
    public var concurrent: Int
    /// How long one waits before those who want it are told to come back.
    public var wait: Duration
    /// Fills nobody waits for any more that may still finish.
    public var orphans: Int
    /// Bytes; a larger blob is not fetched.
    public var blobSize: Int64
    /// Bytes at the end of a blob that no reader gets before the digest is verified.
    public var holdBack: Int64
    /// Bytes ahead of a fill beyond which a range is fetched on its own instead of waited for.
    public var farDistance: Int64
    /// Ranges fetched on their own at a time; further ones wait for their fills.
    public var farRanges: Int
    /// Bytes that a transfer must bring before it breaks off, to count as progress.
    public var progress: Int64
    /// Transfers in a row that may end without progress before the fill fails.
    public var idleTransfers: Int
    /// With a replica that fetches and cannot be reached; then this one fetches as well.
    public var peerPatience: Duration

    public init(
        concurrent: Int, wait: Duration, orphans: Int, blobSize: Int64, holdBack: Int64 = 64 << 10,
        farDistance: Int64 = 8 << 20, farRanges: Int = 8,
        progress: Int64 = 64 << 10, idleTransfers: Int = 4,
        peerPatience: Duration = .seconds(10)
    ) {
        self.concurrent = concurrent
        self.wait = wait
        self.orphans = orphans
        self.blobSize = blobSize
        self.holdBack = holdBack
        self.farDistance = farDistance
        self.farRanges = farRanges
        self.progress = progress
        self.idleTransfers = idleTransfers
        self.peerPatience = peerPatience
    }
}
