import NIOConcurrencyHelpers
public import NIOCore

/// A request's body: chunks as they arrive, read at the consumer's pace (the socket is not read ahead of it by more
/// than 64 KiB), at most once. Iterating a second time, or after the response is complete, throws.
public struct RequestBody: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    enum Source: Sendable {
        case none
        case bytes(NIOLockedValueBox<ByteBuffer?>)
        case connection(LoopBoundConnection, serial: UInt64)
    }

    let source: Source
    /// The announced length in bytes; nil for a body in chunked transfer coding.
    public let length: Int64?

    init(source: Source, length: Int64?) {
        self.source = source
        self.length = length
    }

    /// A body that is already there.
    public init(bytes: ByteBuffer) {
        self.length = Int64(bytes.readableBytes)
        self.source = bytes.readableBytes == 0 ? .none : .bytes(NIOLockedValueBox(bytes))
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let source: Source
        private var started = false

        init(source: Source) { self.source = source }

        /// The next chunk, never empty; nil at the end.
        /// - Throws: ``RequestBodyError``.
        public mutating func next() async throws -> ByteBuffer? {
            let first = !started
            started = true
            switch source {
            case .none:
                return nil
            case .bytes(let box):
                guard first else { return nil }
                guard let bytes = box.withLockedValue({ value in value.take() }) else {
                    throw RequestBodyError.alreadyConsumed
                }
                return bytes
            case .connection(let connection, let serial):
                return try await connection.nextBodyChunk(serial: serial, first: first)
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }

    /// The whole body in one buffer.
    ///
    /// - Parameter time: How long it may take, as far as anything arrives; nil for as long as it goes on.
    /// - Throws: ``RequestBodyError/tooLarge(limit:)`` as soon as more than `limit` bytes are announced or have arrived,
    ///   ``RequestBodyError/stalled`` if it takes longer.
    public func collect(upTo limit: Int, within time: Duration? = nil) async throws -> ByteBuffer {
        if let length, length > Int64(limit) { throw RequestBodyError.tooLarge(limit: limit) }
        let end = time.map { NIODeadline.now() + TimeAmount($0) }
        var collected = ByteBuffer()
        for try await var chunk in self {
            if let end, .now() > end { throw RequestBodyError.stalled }
            guard collected.readableBytes + chunk.readableBytes <= limit else {
                throw RequestBodyError.tooLarge(limit: limit)
            }
            if collected.readableBytes == 0 {
                // At once as large as it will be: growing would copy it, and hold both for a moment.
                if let length, length > chunk.readableBytes { chunk.reserveCapacity(Int(length)) }
                collected = chunk
            } else {
                collected.writeBuffer(&chunk)
            }
        }
        return collected
    }
}
