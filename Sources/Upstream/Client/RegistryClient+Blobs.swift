import CurlClient
import Metrics
import NIOConcurrencyHelpers
import NIOCore

extension RegistryClient {
    /// Checks that the answer to a GET of a blob holds the bytes that were asked for, or all of them.
    func blob(from answer: CurlResponse, _ range: UpstreamRange?) throws(UpstreamError) -> UpstreamBlob {
        try refuseCompressed(answer)
        if answer.headers["Content-Length"] != nil, answer.contentLength == nil {
            throw invalid("sent a Content-Length that is none")
        }
        guard answer.status == 206, let range else {
            return UpstreamBlob(
                totalSize: answer.contentLength, offset: 0, body: body(answer, length: answer.contentLength))
        }
        guard let sent = answer.headers["Content-Range"].flatMap({ ContentRange($0) }) else {
            throw invalid("sent a part of a blob without saying which")
        }
        let ends = [range.end, sent.total].compactMap { $0 }
        guard sent.bytes.lowerBound == range.offset, ends.isEmpty || sent.bytes.upperBound + 1 == ends.min() else {
            throw invalid("sent other bytes of a blob than those asked for")
        }
        guard answer.contentLength == nil || answer.contentLength == sent.length else {
            throw invalid("sent a part of a blob whose length contradicts its range")
        }
        return UpstreamBlob(totalSize: sent.total, offset: range.offset, body: body(answer, length: sent.length))
    }

    /// - Parameter length: Bytes that must come, no more and no fewer; nil if unknown.
    private func body(_ answer: CurlResponse, length: Int64?) -> UpstreamBody {
        let received = NIOLockedValueBox<Int64>(0)
        let body = answer.body
        return UpstreamBody { () async throws(UpstreamError) in
            var iterator = body.makeAsyncIterator()
            let piece: ByteBuffer?
            do throws(CurlError) {
                piece = try await iterator.next(isolation: #isolation)
            } catch {
                throw failure(error)
            }
            let size = Int64(piece?.readableBytes ?? 0)
            bytesReceived.increment(by: size)
            let total = received.withLockedValue { received in
                received += size
                return received
            }
            guard let length else { return piece }
            guard total <= length else {
                throw UpstreamError(.tooLarge, "\(name) sent more bytes than it announced")
            }
            guard piece != nil || total == length else {
                throw UpstreamError(.cutShort, "\(name) sent fewer bytes than it announced")
            }
            return piece
        }
    }

    /// Digests count bytes as they are; a compressed answer to a request that forbids it is of no use.
    func refuseCompressed(_ answer: CurlResponse) throws(UpstreamError) {
        if Self.isCompressed(answer) { throw invalid("sent compressed content that was not asked for") }
    }

    static func isCompressed(_ answer: CurlResponse) -> Bool {
        answer.headers.all("Content-Encoding").contains { !["", "identity"].contains($0.lowercased()) }
    }
}
