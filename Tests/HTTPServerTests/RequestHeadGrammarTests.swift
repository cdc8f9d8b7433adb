import NIOCore
import Testing

@testable import HTTPServer

/// Request heads, byte by byte: whatever is accepted has one reading only.
///
/// One case after the other: they compute for long, and tests with sockets wait for a processor beside them.
@Suite(.serialized) struct RequestHeadGrammarTests {
    private static let heads = [
        "PUT /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nA: b c\r\n\r\n",
        "PUT /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: b c\r\n\r\n",
    ]

    /// The simplest reading that another server could have: lines between CRLFs, names before the first colon. Tells why
    /// somebody could see another request in an accepted head; nil if nobody could.
    private func doubt(_ head: RequestHead, _ bytes: [UInt8]) -> String? {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else {
            return "there is no empty line"
        }
        let text = Array(bytes[..<end]).split(separator: 10, omittingEmptySubsequences: false)
        let lines = text.enumerated().map { $0 < text.count - 1 ? Array($1.dropLast()) : Array($1) }
        for (index, line) in text.enumerated() where index < text.count - 1 && line.last != 13 {
            return "a bare line feed"
        }
        // Empty lines may come first.
        let fields = lines.drop { $0.isEmpty }.dropFirst()
        for line in lines where line.contains(where: { $0 < 32 && $0 != 9 || $0 == 127 }) {
            return "a control character"
        }
        var lengths: [Int64?] = []
        var codings: [String] = []
        var hosts = 0
        for line in fields {
            guard let colon = line.firstIndex(of: 58), colon > 0 else { return "a line without a name" }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            guard name.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return "a name with blanks" }
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
                .drop { $0 == " " || $0 == "\t" }
            let trimmed = String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
            switch name {
            case "content-length": lengths.append(Int64(trimmed))
            case "transfer-encoding": codings.append(trimmed.lowercased())
            case "host": hosts += 1
            default: break
            }
        }
        guard hosts == 1 || head.isVersion10 else { return "\(hosts) hosts" }
        switch head.framing {
        case .none: return Set(lengths).subtracting([0]).isEmpty && codings.isEmpty ? nil : "a body that is not seen"
        case .length(let length): return Set(lengths) == [length] && codings.isEmpty ? nil : "another length"
        case .chunked: return lengths.isEmpty && codings == ["chunked"] ? nil : "another coding"
        }
    }

    private func check(_ bytes: [UInt8]) {
        var parser = RequestHeadParser()
        var buffer = ByteBuffer(bytes: bytes)
        guard let head = try? parser.next(from: &buffer, maxBytes: 8192) else { return }
        if let doubt = doubt(head, bytes) {
            Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(doubt)")
        }
    }

    @Test(arguments: heads)
    func `the heads themselves are beyond doubt`(head: String) throws {
        var parser = RequestHeadParser()
        var buffer = ByteBuffer(string: head)
        let parsed = try #require(try parser.next(from: &buffer, maxBytes: 8192))
        #expect(doubt(parsed, Array(head.utf8)) == nil)
    }

    @Test(arguments: heads)
    func `no byte at any place makes a head that two could read differently`(head: String) {
        let valid = Array(head.utf8)
        for position in 0...valid.count {
            for byte in UInt8.min...UInt8.max {
                var bytes = valid
                bytes.insert(byte, at: position)
                check(bytes)
                guard position < valid.count else { continue }
                bytes = valid
                bytes[position] = byte
                check(bytes)
            }
        }
    }

    @Test(arguments: heads)
    func `nor do two of those that others stumble over`(head: String) {
        let valid = Array(head.utf8)
        let kinds: [UInt8] = [0, 9, 10, 11, 12, 13, 32, 44, 58, 59, 127, 0x85, 0xA0] + Array("0A-_".utf8)
        for position in 0...valid.count {
            for first in kinds {
                for second in kinds {
                    var bytes = valid
                    bytes.insert(contentsOf: [first, second], at: position)
                    check(bytes)
                    guard position + 1 < valid.count else { continue }
                    bytes = valid
                    bytes.replaceSubrange(position...position + 1, with: [first, second])
                    check(bytes)
                }
            }
        }
    }

    @Test(arguments: [
        "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked,",
        "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding:", "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "A: b\r\n Transfer-Encoding: chunked", "A: b\r\n\tTransfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked",
        "A: b\rTransfer-Encoding: chunked", "A: b\nTransfer-Encoding: chunked", "A: b\0\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 4", "Content-Length: 3,3", "Content-Length: 3 3", "Content-Length: 3;",
        "Content-Length: 0x3", "Content-Length: 3\u{0}", "Content-Length: \u{663}", "Content-Length : 3",
        "Content-Length",
        ": 3", "Host: h\r\nHost: h", "A\u{e9}: b",
    ])
    func `what smuggles requests past other servers is refused`(fields: String) {
        let host = fields.hasPrefix("Host") ? "" : "Host: h\r\n"
        var parser = RequestHeadParser()
        var buffer = ByteBuffer(string: "PUT / HTTP/1.1\r\n\(host)\(fields)\r\n\r\n")
        #expect(throws: RequestError.self) { try parser.next(from: &buffer, maxBytes: 8192) }
    }
}
