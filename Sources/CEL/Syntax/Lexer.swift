/// Cuts a source into tokens.
struct Lexer {
    let bytes: [UInt8]
    var cursor = 0

    init(_ source: SourceText) {
        bytes = source.bytes
    }

    static func tokens(of source: SourceText) throws(SyntaxError) -> [Token] {
        var lexer = Lexer(source)
        var tokens: [Token] = []
        repeat {
            tokens.append(try lexer.next())
        } while tokens.last?.kind != .end
        return tokens
    }

    func byte(at offset: Int = 0) -> UInt8 {
        cursor + offset < bytes.count ? bytes[cursor + offset] : 0
    }

    private mutating func next() throws(SyntaxError) -> Token {
        skipBlanks()
        let start = cursor
        guard cursor < bytes.count else { return Token(kind: .end, offset: start) }
        let kind: Token.Kind
        if let prefix = literalPrefix() {
            kind = try textLiteral(prefix)
        } else if byte().isIdentifierStart {
            kind = identifier()
        } else if byte().isDigit || (byte() == UInt8(ascii: ".") && byte(at: 1).isDigit) {
            kind = try number()
        } else if byte() == UInt8(ascii: "`") {
            kind = try quotedIdentifier()
        } else {
            kind = .symbol(try symbol())
        }
        return Token(kind: kind, offset: start)
    }

    private mutating func skipBlanks() {
        while cursor < bytes.count {
            switch byte() {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D:
                cursor += 1
            case UInt8(ascii: "/") where byte(at: 1) == UInt8(ascii: "/"):
                while cursor < bytes.count && byte() != 0x0A { cursor += 1 }
            default:
                return
            }
        }
    }

    private mutating func identifier() -> Token.Kind {
        let start = cursor
        while byte().isIdentifierStart || byte().isDigit { cursor += 1 }
        let name = String(decoding: bytes[start..<cursor], as: UTF8.self)
        return switch name {
        case "true": .true
        case "false": .false
        case "null": .null
        case "in": .in
        default: .identifier(name)
        }
    }

    private mutating func quotedIdentifier() throws(SyntaxError) -> Token.Kind {
        let start = cursor + 1
        cursor = start
        while byte().isIdentifierStart || byte().isDigit || Self.quotedPunctuation.contains(byte()) { cursor += 1 }
        guard byte() == UInt8(ascii: "`"), cursor > start else {
            throw SyntaxError("a name in backticks holds letters, digits, '_', '.', '-', '/' and blanks", at: cursor)
        }
        defer { cursor += 1 }
        return .quotedIdentifier(String(decoding: bytes[start..<cursor], as: UTF8.self))
    }

    private static let quotedPunctuation: [UInt8] = Array(".-/ ".utf8)

    private mutating func symbol() throws(SyntaxError) -> Token.Symbol {
        for length in [2, 1] where cursor + length <= bytes.count {
            let text = String(decoding: bytes[cursor..<cursor + length], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: text) {
                cursor += length
                return symbol
            }
        }
        throw SyntaxError("unexpected character", at: cursor)
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isIdentifierStart: Bool {
        self == 0x5F || (self >= 0x41 && self <= 0x5A) || (self >= 0x61 && self <= 0x7A)
    }
    var hexValue: UInt32? {
        switch self {
        case 0x30...0x39: UInt32(self - 0x30)
        case 0x41...0x46: UInt32(self - 0x41 + 10)
        case 0x61...0x66: UInt32(self - 0x61 + 10)
        default: nil
        }
    }
}
