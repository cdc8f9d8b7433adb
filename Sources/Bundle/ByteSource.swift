internal import NIOCore

/// Bytes that are read once, from the first to the last. Blocks: for threads that may.
protocol ByteSource: AnyObject {
    /// Up to `most` bytes, some at least; nil at the end.
    func read(upTo most: Int) throws(BundleError) -> ByteBuffer?

    /// Leaves out so many bytes; fewer only at the end.
    ///
    /// - Returns: How many there were.
    func skip(_ count: Int64) throws(BundleError) -> Int64

    /// Where it stands, in words for who looks for the damage.
    var place: String { get }
}

extension ByteSource {
    func skip(_ count: Int64) throws(BundleError) -> Int64 {
        var left = count
        while left > 0, let bytes = try read(upTo: Int(min(left, 1 << 20))) { left -= Int64(bytes.readableBytes) }
        return count - left
    }
}
