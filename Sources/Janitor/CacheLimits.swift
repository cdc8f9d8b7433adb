public import OCI

/// How much of what came from upstreams is kept, in all or of one namespace.
public struct CacheLimits: Sendable {
    /// Bytes.
    public var maxSize: Int64?
    /// Seconds since the last use.
    public var maxAge: Int64?
    /// Bytes that the file system has left.
    public var minFree: Int64?
    /// Percent of ``maxSize`` from which on content goes.
    public var highWatermark: Int
    /// Percent of ``maxSize`` down to which it then goes.
    public var lowWatermark: Int
    public var isPinned: @Sendable (RepositoryName, Tag) -> Bool
    public var pinnedDigests: Set<Digest>

    public init(
        maxSize: Int64? = nil, maxAge: Int64? = nil, minFree: Int64? = nil, highWatermark: Int,
        lowWatermark: Int, pinnedDigests: Set<Digest> = [],
        isPinned: @escaping @Sendable (RepositoryName, Tag) -> Bool = { _, _ in false }
    ) {
        self.maxSize = maxSize
        self.maxAge = maxAge
        self.minFree = minFree
        self.highWatermark = highWatermark
        self.lowWatermark = lowWatermark
        self.isPinned = isPinned
        self.pinnedDigests = pinnedDigests
    }

    public var isUnlimited: Bool { maxSize == nil && maxAge == nil && minFree == nil }

    /// Bytes; nil without ``maxSize``.
    var highMark: Int64? { maxSize.map { Self.percent(highWatermark, of: $0) } }
    /// Bytes; nil without ``maxSize``.
    var lowMark: Int64? { maxSize.map { Self.percent(lowWatermark, of: $0) } }

    /// Bytes that must go so that the file system has enough left, and will have for a while.
    ///
    /// - Parameter free: Bytes that it has left now.
    func lack(free: Int64) -> Int64 {
        guard let minFree, free < minFree else { return 0 }
        return minFree / Int64(max(lowWatermark, 1)) * Int64(highWatermark) - free
    }

    private static func percent(_ percent: Int, of size: Int64) -> Int64 {
        size / 100 * Int64(percent) + size % 100 * Int64(percent) / 100
    }
}
