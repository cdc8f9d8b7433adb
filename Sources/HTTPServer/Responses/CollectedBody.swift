import NIOConcurrencyHelpers
public import NIOCore

/// A response body written to memory instead of a connection.
final class CollectedBody: Sendable {
    private let limit: Int
    private let buffer = NIOLockedValueBox(ByteBuffer())

    init(limit: Int) { self.limit = limit }

    var bytes: ByteBuffer { buffer.withLockedValue { $0 } }

    func append(_ bytes: ByteBuffer) throws(BodyWriteError) {
        let isWithin = buffer.withLockedValue { buffer in
            guard buffer.readableBytes + bytes.readableBytes <= limit else { return false }
            buffer.writeImmutableBuffer(bytes)
            return true
        }
        guard isWithin else { throw .tooManyBytes }
    }

    func append(_ slice: FileSlice) throws(BodyWriteError) {
        guard slice.length <= Int64(limit) else { throw .tooManyBytes }
        var bytes = ByteBuffer()
        try slice.read(into: &bytes)
        try append(bytes)
    }
}

extension ResponseBody {
    /// The whole body in one buffer, for calling a handler in process. Reads files on the calling thread.
    /// - Throws: ``BodyWriteError/tooManyBytes`` beyond `limit` bytes, ``BodyWriteError/tooFewBytes(missing:)`` where a
    ///   stream wrote less than it announced, and what the stream throws.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        let collected = CollectedBody(limit: length.map { min(limit, Int($0)) } ?? limit)
        switch self {
        case .empty: break
        case .bytes(let bytes): try collected.append(bytes)
        case .file(let slice): try collected.append(slice)
        case .stream(_, let produce): try await produce(BodyWriter(sink: .memory(collected)))
        }
        let missing = (length ?? 0) - Int64(collected.bytes.readableBytes)
        guard missing <= 0 else { throw BodyWriteError.tooFewBytes(missing: missing) }
        return collected.bytes
    }
}
