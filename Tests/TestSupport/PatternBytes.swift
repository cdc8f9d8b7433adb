public import NIOCore

extension ByteBuffer {
    /// So many bytes in which no two places close to each other look alike. Made of repeated blocks, of a prime length,
    /// because a million bytes computed one by one take a second in a build that is not optimised, and tests that run
    /// beside it wait.
    public static func pattern(count: Int) -> ByteBuffer {
        var state: UInt32 = 1
        let block = ByteBuffer(
            bytes: (0..<4093).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                return UInt8(truncatingIfNeeded: state >> 24)
            })
        var buffer = ByteBuffer()
        buffer.reserveCapacity(count)
        while buffer.readableBytes < count {
            let length = min(block.readableBytes, count - buffer.readableBytes)
            buffer.writeImmutableBuffer(block.getSlice(at: 0, length: length) ?? block)
        }
        return buffer
    }
}
