import CurlClient
import Metrics
import NIOConcurrencyHelpers
import NIOCore

extension UpstreamClient {
    /// Checks that the answer to a GET of a blob holds the bytes that were asked for, or all of them.
    func blob(from answer: CurlResponse, _ range: UpstreamRange?) throws(UpstreamError) -> UpstreamBlob {
        if answer.headers["Content-Length"] != nil, answer.contentLength == nil {
            throw invalid("sent a Content-Length that is none")
        }
        if Self.isCompressed(answer) {
            // A part of what is compressed is no part of the blob, and nothing says how large that is.
            guard answer.status == 200 else { throw invalid("sent a part of compressed content") }
            let body = body(answer, length: answer.contentLength)
            return UpstreamBlob(totalSize: nil, offset: 0, body: try decoded(answer, body))
        }
        guard answer.status == 206, let range else {
            return UpstreamBlob(
                totalSize: answer.contentLength, offset: 0, entity: Self.entity(answer),
                body: body(answer, length: answer.contentLength))
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
        let entity = Self.entity(answer)
        if let entity, let known = range.entity, entity != known {
            throw invalid("sent the rest of another blob than the one it began with")
        }
        return UpstreamBlob(
            totalSize: sent.total, offset: range.offset, entity: entity, body: body(answer, length: sent.length))
    }

    /// A strong entity tag (RFC 9110, section 8.8.3): a weak one does not say that the bytes are the same.
    private static func entity(_ answer: CurlResponse) -> String? {
        guard let tag = answer.headers["ETag"], (3...256).contains(tag.utf8.count), tag.hasPrefix("\""),
            tag.hasSuffix("\""), tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return tag
    }

    /// - Parameter length: Bytes that must come, no more and no fewer; nil if unknown.
    private func body(_ answer: CurlResponse, length: Int64?) -> UpstreamBody {
        let received = NIOLockedValueBox<Int64>(0)
        let body = answer.body
        // Others may use the upstream as soon as the body has ended, however long its reader keeps it.
        let lease = NIOLockedValueBox(pass)
        var client = self
        client.pass = nil
        return client.body(received, lease, body, length)
    }

    private func body(
        _ received: NIOLockedValueBox<Int64>, _ lease: NIOLockedValueBox<UpstreamPass?>, _ body: CurlBody,
        _ length: Int64?
    ) -> UpstreamBody {
        UpstreamBody { () async throws(UpstreamError) in
            if lease.withLockedValue({ $0 })?.makesWay() == true {
                _ = lease.withLockedValue { $0.take() }
                throw UpstreamError.madeWay(name)
            }
            var iterator = body.makeAsyncIterator()
            let piece: ByteBuffer?
            do throws(CurlError) {
                piece = try await iterator.next(isolation: #isolation)
            } catch {
                _ = lease.withLockedValue { $0.take() }
                throw failure(error)
            }
            let size = Int64(piece?.readableBytes ?? 0)
            bytesReceived.increment(by: size)
            let total = received.withLockedValue { received in
                received += size
                return received
            }
            if piece == nil {
                _ = lease.withLockedValue { $0.take() }
            } else {
                await lease.withLockedValue { $0 }?.take(Int(size))
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

    static func isCompressed(_ answer: CurlResponse) -> Bool {
        !encodings(answer).isEmpty
    }

    /// Those that change bytes.
    static func encodings(_ answer: CurlResponse) -> [String] {
        answer.headers.all("Content-Encoding").flatMap { $0.split(separator: ",") }
            .map { $0.filter { $0 != " " }.lowercased() }.filter { !["", "identity"].contains($0) }
    }
}
