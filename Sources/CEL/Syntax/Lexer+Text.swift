extension Lexer {
    /// What stands before the opening quote of a string or bytes literal.
    struct LiteralPrefix {
        let length: Int
        let isRaw: Bool
        let isBytes: Bool
    }

    /// The prefix at the cursor when a quote follows it.
    func literalPrefix() -> LiteralPrefix? {
        var length = 0
        let isBytes = byte() | 0x20 == UInt8(ascii: "b")
        if isBytes { length += 1 }
        let isRaw = byte(at: length) | 0x20 == UInt8(ascii: "r")
        if isRaw { length += 1 }
        let quote = byte(at: length)
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        return LiteralPrefix(length: length, isRaw: isRaw, isBytes: isBytes)
    }

    mutating func textLiteral(_ prefix: LiteralPrefix) throws(SyntaxError) -> Token.Kind {
        let start = cursor
        cursor += prefix.length
        let quote = byte()
        let isTriple = byte(at: 1) == quote && byte(at: 2) == quote
        cursor += isTriple ? 3 : 1
        var content: [UInt8] = []
        while true {
            guard cursor < bytes.count else { throw SyntaxError("the literal has no closing quote", at: start) }
            let next = byte()
            if next == quote, !isTriple || (byte(at: 1) == quote && byte(at: 2) == quote) {
                cursor += isTriple ? 3 : 1
                break
            }
            if !isTriple && (next == 0x0A || next == 0x0D) {
                throw SyntaxError("a line break ends the literal; use triple quotes or \\n", at: cursor)
            }
            if next == UInt8(ascii: "\\") && !prefix.isRaw {
                try escape(isBytes: prefix.isBytes, into: &content)
            } else if next == 0x0D {
                // Only triple quotes get here: a line break is one line feed whatever the editor wrote.
                cursor += byte(at: 1) == 0x0A ? 2 : 1
                content.append(0x0A)
            } else {
                content.append(next)
                cursor += 1
            }
        }
        return prefix.isBytes ? .bytes(content) : .string(String(decoding: content, as: UTF8.self))
    }

    private mutating func escape(isBytes: Bool, into content: inout [UInt8]) throws(SyntaxError) {
        let start = cursor
        let letter = byte(at: 1)
        cursor += 2
        if let index = Self.simpleEscapes.firstIndex(where: { $0.letter == letter }) {
            content.append(Self.simpleEscapes[index].value)
            return
        }
        let code: UInt32?
        switch letter {
        case UInt8(ascii: "x"), UInt8(ascii: "X"): code = hexadecimal(digits: 2)
        case UInt8(ascii: "u") where !isBytes: code = hexadecimal(digits: 4)
        case UInt8(ascii: "U") where !isBytes: code = hexadecimal(digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "3"): code = octal(first: letter)
        default: code = nil
        }
        guard let code else { throw SyntaxError("invalid escape sequence", at: start) }
        if isBytes {
            content.append(UInt8(truncatingIfNeeded: code))
        } else if let scalar = Unicode.Scalar(code), let units = UTF8.encode(scalar) {
            content.append(contentsOf: units)
        } else {
            throw SyntaxError("the escape sequence is not a Unicode code point", at: start)
        }
    }

    private static let simpleEscapes: [(letter: UInt8, value: UInt8)] = [
        (UInt8(ascii: "a"), 0x07), (UInt8(ascii: "b"), 0x08), (UInt8(ascii: "f"), 0x0C), (UInt8(ascii: "n"), 0x0A),
        (UInt8(ascii: "r"), 0x0D), (UInt8(ascii: "t"), 0x09), (UInt8(ascii: "v"), 0x0B), (UInt8(ascii: "\\"), 0x5C),
        (UInt8(ascii: "?"), 0x3F), (UInt8(ascii: "\""), 0x22), (UInt8(ascii: "'"), 0x27), (UInt8(ascii: "`"), 0x60),
    ]

    private mutating func hexadecimal(digits: Int) -> UInt32? {
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = byte().hexValue else { return nil }
            code = code << 4 | digit
            cursor += 1
        }
        return code
    }

    private mutating func octal(first: UInt8) -> UInt32? {
        var code = UInt32(first - UInt8(ascii: "0"))
        for _ in 0..<2 {
            guard byte() >= 0x30, byte() <= 0x37 else { return nil }
            code = code << 3 | UInt32(byte() - 0x30)
            cursor += 1
        }
        return code
    }
}
