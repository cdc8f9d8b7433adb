internal import NIOCore

/// A source whose first bytes were looked at.
final class PeekedSource: ByteSource {
    private let source: any ByteSource
    private var head = ByteBuffer()

    init(_ source: any ByteSource) {
        self.source = source
    }

    /// The first bytes, as many as asked for if there are so many. They are read again afterwards.
    func peek(_ count: Int) throws(BundleError) -> ByteBufferView {
        while head.readableBytes < count, var more = try source.read(upTo: count - head.readableBytes) {
            head.writeBuffer(&more)
        }
        return head.readableBytesView.prefix(count)
    }

    func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        if let bytes = head.readSlice(length: min(most, head.readableBytes)), bytes.readableBytes > 0 { return bytes }
        return try source.read(upTo: most)
    }

    func skip(_ count: Int64) throws(BundleError) -> Int64 {
        let held = min(count, Int64(head.readableBytes))
        head.moveReaderIndex(forwardBy: Int(held))
        return held == count ? count : held + (try source.skip(count - held))
    }

    var place: String { source.place }
}
