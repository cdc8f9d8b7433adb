/// Bytes, blanks, lines and places.
extension TOMLParser {
    var next: UInt8? { position < text.count ? text[position] : nil }

    func isNext(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        return end <= text.count && word.withUTF8Buffer { text[position..<end].elementsEqual($0) }
    }

    mutating func accept(_ word: StaticString) -> Bool {
        guard isNext(word) else { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    mutating func expect(_ word: StaticString, _ problem: String) throws(TOMLSyntaxError) {
        skipBlanks()
        guard accept(word) else { throw failure(problem) }
    }

    mutating func skipBlanks() {
        while let byte = next, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    /// Blanks, line ends and comments.
    mutating func skipBlankLines() throws(TOMLSyntaxError) {
        while true {
            skipBlanks()
            if next == UInt8(ascii: "#") {
                try skipComment()
            } else if try !acceptLineEnd() {
                return
            }
        }
    }

    /// What may follow a header or a value.
    mutating func endOfLine() throws(TOMLSyntaxError) {
        skipBlanks()
        if next == UInt8(ascii: "#") { try skipComment() }
        guard next != nil else { return }
        guard try acceptLineEnd() else { throw failure("the line should end here") }
    }

    private mutating func skipComment() throws(TOMLSyntaxError) {
        while let byte = next, byte != UInt8(ascii: "\n"), !isNext("\r\n") {
            guard !Self.isControl(byte) else { throw failure("a control character stands in a comment") }
            position += 1
        }
    }

    /// LF or CRLF; a CR alone is none.
    mutating func acceptLineEnd() throws(TOMLSyntaxError) -> Bool {
        guard accept("\n") || accept("\r\n") else {
            guard next != UInt8(ascii: "\r") else { throw failure("a carriage return stands without its line feed") }
            return false
        }
        line += 1
        lineStart = position
        return true
    }

    func failure(_ problem: String, at place: Int? = nil) -> TOMLSyntaxError {
        error(.syntax(problem), at: place ?? position)
    }

    /// - Parameter place: On the present line.
    func error(_ problem: TOMLSyntaxError.Problem, at place: Int) -> TOMLSyntaxError {
        let before = text[min(lineStart, place)..<place]
        return TOMLSyntaxError(
            problem: problem, line: line, column: String(decoding: before, as: UTF8.self).unicodeScalars.count + 1)
    }

    /// Those that TOML allows nowhere; the tab is not one of them.
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte & 0xC0 == 0x40
    }
}
