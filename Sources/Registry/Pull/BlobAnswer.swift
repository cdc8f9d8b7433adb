public import Storage
public import Upstream

/// A blob, or the part of it that was asked for.
public struct BlobAnswer: Sendable {
    public enum Source: Sendable {
        /// In the store, from its first byte.
        case stored(ObjectContent)
        /// Arriving: to be followed.
        case filling(FillReader)
        /// Straight from an upstream, from the first byte of the part; not kept.
        case passing(UpstreamBody)
        /// Nothing of it, because nothing was asked for or is there: a HEAD, or a range outside the blob.
        case nothing
    }

    /// Bytes of the whole; nil if the upstream does not say.
    public var size: Int64?
    /// The part asked for, as it is answered; nil for the whole.
    public var range: Range<Int64>?
    /// A range was asked for of which the blob has nothing (status 416).
    public var isOutOfRange = false
    public var source: Source

    init(size: Int64?, range: Range<Int64>? = nil, isOutOfRange: Bool = false, source: Source) {
        self.size = size
        self.range = range
        self.isOutOfRange = isOutOfRange
        self.source = source
    }
}
