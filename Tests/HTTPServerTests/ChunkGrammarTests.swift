import NIOCore
import Testing

@testable import HTTPServer

/// The chunked coding, byte by byte, against a second reading of RFC 9112 section 7.1.
///
/// One case after the other: they compute for long, and tests with sockets wait for a processor beside them.
@Suite(.serialized) struct ChunkGrammarTests {
    /// How many bytes of a message its body takes, and the body; nil where it does not follow the grammar, or ends early.
    ///
    /// Written for this test: looks at the whole message at once, and shares nothing with the decoder.
    private struct Reference {
        let bytes: [UInt8]
        var position = 0
        var body: [UInt8] = []

        static func read(_ bytes: [UInt8]) -> (length: Int, body: [UInt8])? {
            var reference = Reference(bytes: bytes)
            return reference.isMessage() ? (reference.position, reference.body) : nil
        }

        mutating func isMessage() -> Bool {
            while true {
                let digits = many { $0.isHexDigit }
                guard (1...15).contains(digits.count), let size = Int(digits, radix: 16), isExtensions(), take("\r\n")
                else {
                    return false
                }
                guard size > 0 else { break }
                guard position + size <= bytes.count else { return false }
                body += bytes[position..<position + size]
                position += size
                guard take("\r\n") else { return false }
            }
            while !take("\r\n") {
                guard !many(isTokenCharacter).isEmpty, take(":") else { return false }
                _ = many { $0 == "\t" || ($0 >= " " && $0 != "\u{7f}") }
                guard take("\r\n") else { return false }
            }
            return true
        }

        private mutating func isExtensions() -> Bool {
            while true {
                let start = position
                blanks()
                guard take(";") else {
                    position = start
                    return true
                }
                blanks()
                guard !many(isTokenCharacter).isEmpty else { return false }
                let end = position
                blanks()
                guard take("=") else {
                    position = end
                    continue
                }
                blanks()
                guard take("\"") else {
                    guard !many(isTokenCharacter).isEmpty else { return false }
                    continue
                }
                while !take("\"") {
                    _ = take("\\")
                    guard position < bytes.count, bytes[position] == 9 || bytes[position] >= 32, bytes[position] != 127
                    else {
                        return false
                    }
                    position += 1
                }
            }
        }

        private mutating func blanks() { _ = many { $0 == " " || $0 == "\t" } }

        private func isTokenCharacter(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber || "!#$%&'*+-.^_`|~".contains(character))
        }

        /// Every byte is a character here.
        private mutating func many(_ isOne: (Character) -> Bool) -> String {
            var text = ""
            while position < bytes.count, isOne(Character(Unicode.Scalar(bytes[position]))) {
                text.append(Character(Unicode.Scalar(bytes[position])))
                position += 1
            }
            return text
        }

        private mutating func take(_ text: String) -> Bool {
            guard bytes[position...].starts(with: Array(text.utf8)) else { return false }
            position += text.utf8.count
            return true
        }
    }

    /// Nil where the decoder refuses the message, or wants more of it.
    private func decode(_ bytes: [UInt8]) -> (length: Int, body: [UInt8])? {
        var decoder = RequestBodyDecoder(.chunked)
        var buffer = ByteBuffer(bytes: bytes)
        var body: [UInt8] = []
        while true {
            guard let step = try? decoder.next(from: &buffer) else { return nil }
            switch step {
            case .data(let data): body += data.readableBytesView
            case .needsMore: return nil
            case .finished: return (buffer.readerIndex, body)
            }
        }
    }

    private static let valid = Array("2;a=\"b\\c\" ; d = e;f\r\nhi\r\n0\r\nT: x\r\n\r\n".utf8)
    private static let next = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
    /// One of each kind that the grammar or some reader of it tells apart.
    private static let kinds: [UInt8] =
        [0, 1, 8, 9, 10, 11, 12, 13, 27, 31, 127, 128, 0x85, 0xA0, 255]
        + Array(" 012aAfFgGxX;:=\"\\'(),-+_.@[]{}/<>".utf8)

    private func compare(_ bytes: [UInt8]) {
        let message = bytes + Self.next
        let expected = Reference.read(message)
        let found = decode(message)
        guard expected?.length != found?.length || expected?.body != found?.body else { return }
        Issue.record(
            "\(String(decoding: bytes, as: UTF8.self).debugDescription): \(found as Any), not \(expected as Any)")
    }

    @Test
    func `the message itself is understood`() throws {
        #expect(Reference.read(Self.valid + Self.next)?.length == Self.valid.count)
        #expect(decode(Self.valid + Self.next)?.length == Self.valid.count)
    }

    @Test(arguments: 0...valid.count)
    func `every byte at every place is taken as the grammar has it`(position: Int) {
        for byte in UInt8.min...UInt8.max {
            var bytes = Self.valid
            bytes.insert(byte, at: position)
            compare(bytes)
            guard position < Self.valid.count else { continue }
            bytes = Self.valid
            bytes[position] = byte
            compare(bytes)
        }
    }

    @Test(arguments: 0...valid.count)
    func `so are two of every kind`(position: Int) {
        for first in Self.kinds {
            for second in Self.kinds {
                var bytes = Self.valid
                bytes.insert(contentsOf: [first, second], at: position)
                compare(bytes)
                guard position + 1 < Self.valid.count else { continue }
                bytes = Self.valid
                bytes.replaceSubrange(position...position + 1, with: [first, second])
                compare(bytes)
            }
        }
    }

    @Test(arguments: [
        "5;\r\n", "5;=a\r\n", "5;a=\r\n", "5;a=\"b\r\n", "5;a=\"b\\\r\n", "5;a b\r\n", "5;a=b c\r\n", "5;a=\"b\"c\r\n",
        "5 \r\n",
        "5;a \r\n", "5;\u{e9}=1\r\n", "5 a\r\n", "5;a=;b\r\n", "\t5\r\n", " ;a\r\n",
    ])
    func `an extension that is none is refused`(head: String) {
        #expect(decode(Array((head + "hello\r\n0\r\n\r\n").utf8)) == nil)
        var decoder = RequestBodyDecoder(.chunked)
        var buffer = ByteBuffer(string: head)
        #expect(throws: RequestBodyError.self) { try decoder.next(from: &buffer) }
    }
}
