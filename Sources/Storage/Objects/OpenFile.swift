#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

public import NIOCore

/// An open file descriptor that closes when the last holder lets go. The file behind it may be renamed or deleted
/// meanwhile: who holds it goes on reading the same bytes.
public final class OpenFile: Sendable {
    public let descriptor: CInt

    /// The most bytes to be given to one `write(2)`. For larger ones the kernel takes large blocks of pages that nobody
    /// has used for long, and in a virtual machine perhaps nobody ever: eight times the cost was measured.
    public static let writeSize = 64 << 10

    /// Takes over an open descriptor.
    public init(owning descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Writes all of `bytes` at `offset`; false if that fails, with the reason in `errno`. Blocks: for threads that may.
    public func write(_ bytes: ByteBuffer, at offset: Int64) -> Bool {
        var rest = bytes
        var offset = offset
        while rest.readableBytes > 0 {
            let count = rest.readWithUnsafeReadableBytes { buffer in
                max(0, pwrite(descriptor, buffer.baseAddress, min(buffer.count, Self.writeSize), off_t(offset)))
            }
            if count == 0, errno != EINTR { return false }
            offset += Int64(count)
        }
        return true
    }

    /// The first `count` bytes; nil if the file has fewer, or cannot be read.
    public func bytes(count: Int) -> ByteBuffer? { bytes(at: 0, count: count) }

    /// `count` bytes from `start`; nil if the file has fewer, or cannot be read.
    public func bytes(at start: Int64, count: Int) -> ByteBuffer? {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(count)
        while bytes.readableBytes < count {
            let offset = bytes.readableBytes
            let read = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count - offset) { buffer in
                max(0, pread(descriptor, buffer.baseAddress, count - offset, off_t(start) + off_t(offset)))
            }
            guard read > 0 else { return nil }
        }
        return bytes
    }
}
