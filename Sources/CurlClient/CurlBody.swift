public import NIOCore

/// A response's bytes as they arrive, in buffers of up to 256 KiB. For one reader. At most `CurlSettings.readAhead`
/// wait unread; then the transfer pauses. Dropping the body, or cancelling the task that reads it, ends the transfer.
public struct CurlBody: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = CurlError

    /// Ends the transfer when the last of body and iterator goes.
    fileprivate final class Holder: Sendable {
        let mailbox: Mailbox

        init(_ mailbox: Mailbox) {
            self.mailbox = mailbox
        }

        deinit {
            mailbox.abandon()
        }
    }

    private let holder: Holder
    private let expected: Int64?

    init(_ mailbox: Mailbox, expected: Int64?) {
        holder = Holder(mailbox)
        self.expected = expected
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(holder: holder)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let holder: Holder

        public mutating func next() async throws(CurlError) -> ByteBuffer? {
            try await next(isolation: nil)
        }

        public mutating func next(isolation: isolated (any Actor)?) async throws(CurlError) -> ByteBuffer? {
            try await holder.mailbox.next(isolation: isolation)
        }
    }

    /// The whole body in one buffer. Throws `.tooLarge`, without reading on, when it has more than `limit` bytes.
    public func collect(upTo limit: Int) async throws(CurlError) -> ByteBuffer {
        if let expected, expected > Int64(limit) { throw tooLarge(limit) }
        var whole: ByteBuffer?
        var iterator = makeAsyncIterator()
        while var buffer = try await iterator.next(isolation: #isolation) {
            guard (whole?.readableBytes ?? 0) + buffer.readableBytes <= limit else { throw tooLarge(limit) }
            if whole == nil {
                if let expected { buffer.reserveCapacity(Int(expected)) }
                whole = buffer
            } else {
                whole?.writeBuffer(&buffer)
            }
        }
        return whole ?? ByteBuffer()
    }

    /// How many bytes wait unread before the transfer pauses.
    package static var highMark: Int { Mailbox.highMark }

    /// How many bytes wait unread now.
    package var waiting: Int { holder.mailbox.waiting }

    /// Whether the transfer is paused until the reader has caught up.
    package var isPaused: Bool { holder.mailbox.isPaused }

    /// The most bytes that ever waited unread.
    package var highWater: Int { holder.mailbox.highWater }

    private func tooLarge(_ limit: Int) -> CurlError {
        CurlError(.tooLarge, "the answer's body exceeds \(limit) bytes", host: holder.mailbox.host)
    }
}
