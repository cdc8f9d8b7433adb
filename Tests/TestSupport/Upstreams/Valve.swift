public import NIOCore
public import Upstream

/// A body that a test sends piece by piece.
public final class Valve: Sendable {
    private let stream: AsyncThrowingStream<ByteBuffer, any Error>
    private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    public init() {
        (stream, continuation) = AsyncThrowingStream.makeStream()
    }

    public func send(_ bytes: ByteBuffer) { continuation.yield(bytes) }
    public func finish() { continuation.finish() }
    public func fail(_ kind: UpstreamError.Kind) {
        continuation.finish(throwing: UpstreamError(kind, "the body broke off"))
    }

    /// For one consumer.
    public var body: UpstreamBody {
        let stream = self.stream
        return UpstreamBody { () async throws(UpstreamError) in
            var iterator = stream.makeAsyncIterator()
            do {
                return try await iterator.next()
            } catch let error as UpstreamError {
                throw error
            } catch {
                throw UpstreamError(.cancelled, "cancelled", cause: error)
            }
        }
    }
}
