#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// A part of an open file as the body of a request: read as it is sent, by the client's own thread, and never held in memory.
public struct CurlFileBody: Sendable {
    private let descriptor: CInt
    private let start: Int64
    /// Bytes.
    public let length: Int64
    /// Keeps the descriptor open.
    private let owner: any AnyObject & Sendable
    private let progress: (@Sendable (Int64) -> Void)?

    /// - Parameters:
    ///   - descriptor: Open for reading for as long as `owner` lives.
    ///   - start: Where in the file the body begins.
    ///   - progress: Told how far in the file it was read, on the client's own thread; what is sent again is told again.
    public init(
        descriptor: CInt, from start: Int64 = 0, length: Int64, owner: any AnyObject & Sendable,
        progress: (@Sendable (Int64) -> Void)? = nil
    ) {
        self.descriptor = descriptor
        self.start = start
        self.length = length
        self.owner = owner
        self.progress = progress
    }

    /// Fills `buffer` with what is at `position` of the body.
    ///
    /// - Returns: How many bytes there were; nil if the file cannot be read, or has fewer than it should.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at position: Int64) -> Int? {
        let wanted = min(Int64(buffer.count), length - position)
        guard wanted > 0 else { return 0 }
        while true {
            let count = pread(descriptor, buffer.baseAddress, Int(wanted), off_t(start + position))
            if count > 0 {
                progress?(start + position + Int64(count))
                return count
            }
            guard count < 0, errno == EINTR else { return nil }
        }
    }
}
