/// The four kinds of strings. Line ends within them become LF.
extension TOMLParser {
    mutating func basicString() throws(TOMLSyntaxError) -> String {
        position += 1
        var bytes: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"): bytes += try escape()
            default: bytes.append(try plain(byte))
            }
        }
        throw failure("a string has no end")
    }

    mutating func literalString() throws(TOMLSyntaxError) -> String {
        position += 1
        var bytes: [UInt8] = []
        while let byte = next {
            if accept("'") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(try plain(byte))
        }
        throw failure("a string has no end")
    }

    mutating func multilineBasicString() throws(TOMLSyntaxError) -> String {
        position += 3
        _ = try acceptLineEnd()
        var bytes: [UInt8] = []
        while let byte = next {
            if byte == UInt8(ascii: "\\") {
                if try !skipFoldedLines() { bytes += try escape() }
            } else if try acceptLineEnd() {
                bytes.append(UInt8(ascii: "\n"))
            } else if let quotes = closing(UInt8(ascii: "\"")) {
                return String(decoding: bytes + quotes, as: UTF8.self)
            } else {
                bytes.append(try plain(byte))
            }
        }
        throw failure("a string has no end")
    }

    mutating func multilineLiteralString() throws(TOMLSyntaxError) -> String {
        position += 3
        _ = try acceptLineEnd()
        var bytes: [UInt8] = []
        while let byte = next {
            if try acceptLineEnd() {
                bytes.append(UInt8(ascii: "\n"))
            } else if let quotes = closing(UInt8(ascii: "'")) {
                return String(decoding: bytes + quotes, as: UTF8.self)
            } else {
                bytes.append(try plain(byte))
            }
        }
        throw failure("a string has no end")
    }

    /// Three quotes end the string; up to two more before them are its own.
    ///
    /// - Returns: Nil if it does not end here, else the quotes that belong to it.
    private mutating func closing(_ quote: UInt8) -> [UInt8]? {
        let count = text[position...].prefix(5).prefix { $0 == quote }.count
        guard count >= 3 else { return nil }
        position += count
        return Array(repeating: quote, count: count - 3)
    }

    private mutating func plain(_ byte: UInt8) throws(TOMLSyntaxError) -> UInt8 {
        guard !Self.isControl(byte) else {
            throw failure(
                byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
                    ? "a string has no end on its line" : "a control character stands in a string")
        }
        position += 1
        return byte
    }

    /// A backslash at the end of a line takes the line's end with it, and all blanks and empty lines after it.
    private mutating func skipFoldedLines() throws(TOMLSyntaxError) -> Bool {
        let start = position
        position += 1
        skipBlanks()
        guard try acceptLineEnd() else {
            position = start
            return false
        }
        repeat { skipBlanks() } while try acceptLineEnd()
        return true
    }

    private mutating func escape() throws(TOMLSyntaxError) -> [UInt8] {
        let place = position
        position += 1
        let kind = next
        position += 1
        switch kind {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\""): return [UInt8(ascii: "\"")]
        case UInt8(ascii: "\\"): return [UInt8(ascii: "\\")]
        case UInt8(ascii: "u"): return try scalarValue(digits: 4, at: place)
        case UInt8(ascii: "U"): return try scalarValue(digits: 8, at: place)
        default:
            position = place
            throw failure("a backslash is followed by what TOML does not know")
        }
    }

    private mutating func scalarValue(digits: Int, at place: Int) throws(TOMLSyntaxError) -> [UInt8] {
        let bytes = text[position...].prefix(digits)
        guard bytes.count == digits, bytes.allSatisfy({ Self.isDigit($0) || Self.isLetter($0) }),
            let value = UInt32(String(decoding: bytes, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(value)
        else {
            position = place
            throw failure("an escape does not name a character")
        }
        position += digits
        return Array(String(Character(scalar)).utf8)
    }
}
