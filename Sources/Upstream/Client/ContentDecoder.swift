import CZlib
import NIOCore

/// Undoes `Content-Encoding: gzip` or `deflate` piece by piece; holds a window of 32 KiB and never more than one piece of
/// output, whatever the input would grow to.
///
/// `@unchecked Sendable`: one reader of one body uses it, one call at a time.
final class ContentDecoder: @unchecked Sendable {
    private static let pieceSize = 64 << 10

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var input = ByteBuffer()
    /// Between members: the content may end here.
    private(set) var isAtEnd = false

    /// Nil unless this is one coding that is understood.
    init?(_ encodings: [String]) {
        // First of all: `deinit` runs also where this gives up.
        stream.initialize(to: z_stream())
        let known = ["gzip", "x-gzip", "deflate"]
        guard encodings.count == 1, known.contains(encodings[0].lowercased()) else { return nil }
        guard entrepot_inflate_init(stream) == Z_OK else { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// To be called when ``next()`` has no more.
    func feed(_ bytes: ByteBuffer) { input = bytes }

    /// The next piece of what was fed, never empty; nil when more must be fed.
    func next() throws(ContentDecodingError) -> ByteBuffer? {
        while input.readableBytes > 0 {
            if isAtEnd {
                // Members one after the other are one content (RFC 1952, section 2.2).
                guard inflateReset(stream) == Z_OK else { throw ContentDecodingError() }
                isAtEnd = false
            }
            var output = ByteBuffer()
            var status = Z_OK
            let taken = input.withUnsafeMutableReadableBytes { source in
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceSize) { target in
                    let room = min(target.count, Self.pieceSize)
                    stream.pointee.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.pointee.avail_in = UInt32(source.count)
                    stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.pointee.avail_out = UInt32(room)
                    status = inflate(stream, Z_NO_FLUSH)
                    return room - Int(stream.pointee.avail_out)
                }
                return source.count - Int(stream.pointee.avail_in)
            }
            input.moveReaderIndex(forwardBy: taken)
            switch status {
            case Z_STREAM_END: isAtEnd = true
            case Z_OK: break
            // Nothing can be made of so little input; there will be more.
            case Z_BUF_ERROR where taken > 0 || output.readableBytes > 0: break
            default: throw ContentDecodingError()
            }
            if output.readableBytes > 0 { return output }
        }
        return nil
    }
}

/// What came is not compressed as it was said to be.
struct ContentDecodingError: Error {}
