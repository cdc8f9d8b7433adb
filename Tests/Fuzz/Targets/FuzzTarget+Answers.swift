internal import CHiredis
internal import OCI

@testable internal import RedisCoordination
@testable internal import S3Storage
@testable internal import Upstream

extension FuzzTarget {
    /// Fields of an upstream's answer.
    static func readAnswerFields(_ bytes: [UInt8]) {
        let text = text(bytes)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        _ = Challenge.parse(lines)
        _ = LinkHeader.next(in: lines)
        _ = RetryAfter.seconds(text, now: 1_700_000_000)
        _ = ContentRange(text)
        _ = IssuedToken(json: bytes)
        _ = AbsoluteURL(text)
    }

    /// A manifest that is taken is taken again, with the same references.
    static func readManifest(_ bytes: [UInt8]) throws(FuzzFinding) {
        _ = try? Manifest.relayed(bytes, besides: nil)
        guard let manifest = try? Manifest(bytes) else { return }
        for descriptor in manifest.blobs + manifest.manifests {
            guard descriptor.size >= 0 else { throw FuzzFinding("a size below zero") }
            guard Digest(descriptor.digest.description) == descriptor.digest else {
                throw FuzzFinding("a digest that is none")
            }
        }
    }

    static func readXML(_ bytes: [UInt8]) throws(FuzzFinding) {
        _ = (HTTPDate.seconds(text(bytes)), ISODate.seconds(text(bytes)))
        if let root = try? XMLParser.parse(bytes), depth(root) > XMLParser.maximumDepth {
            throw FuzzFinding("deeper than may be")
        }
        // What is written reads back, but for what no XML can hold.
        let text = text(bytes)
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0xFFFE && $0.value != 0xFFFF }) else {
            return
        }
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLParser.parse(Array("<a>\(XMLText.escape(text))</a>".utf8))
        } catch {
            throw FuzzFinding("what was written is refused: \(error)")
        }
        guard root.text == text else { throw FuzzFinding("what was written reads back as something else") }
    }

    private static func depth(_ element: XMLElement) -> Int { 1 + (element.children.map(depth).max() ?? 0) }

    /// What hiredis makes of what a server sends, as far as it is copied out.
    static func readReplies(_ bytes: [UInt8]) throws(FuzzFinding) {
        guard let reader = redisReaderCreate() else { return }
        defer { redisReaderFree(reader) }
        reader.pointee.maxbuf = 16 * 1024
        let status = bytes.withUnsafeBytes { buffer in
            redisReaderFeed(reader, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard status == REDIS_OK else { return }
        for _ in 0..<16 {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK, let reply else { return }
            defer { freeReplyObject(reply) }
            guard let copy = RedisReply(UnsafePointer(reply.assumingMemoryBound(to: redisReply.self))) else { return }
            if case .bytes(let found) = copy, found.count > bytes.count { throw FuzzFinding("more than was sent") }
        }
    }
}
