extension Lexer {
    /// INT_LIT, UINT_LIT or FLOAT_LIT of the language definition, without a sign.
    mutating func number() throws(SyntaxError) -> Token.Kind {
        let start = cursor
        if byte() == UInt8(ascii: "0"), byte(at: 1) == UInt8(ascii: "x"), byte(at: 2).hexValue != nil {
            cursor += 2
            while byte().hexValue != nil { cursor += 1 }
            return try integer(start: start + 2, radix: 16)
        }
        skipDigits()
        var isDouble = false
        if byte() == UInt8(ascii: "."), byte(at: 1).isDigit {
            isDouble = true
            cursor += 1
            skipDigits()
        }
        if let exponent = exponentLength() {
            isDouble = true
            cursor += exponent
            skipDigits()
        }
        guard isDouble else { return try integer(start: start, radix: 10) }
        guard let value = Double(String(decoding: bytes[start..<cursor], as: UTF8.self)) else {
            throw SyntaxError("not a floating-point number", at: start)
        }
        return .double(value)
    }

    private mutating func skipDigits() {
        while byte().isDigit { cursor += 1 }
    }

    /// Length of `e`, and its sign, when digits follow.
    private func exponentLength() -> Int? {
        guard byte() | 0x20 == UInt8(ascii: "e") else { return nil }
        if byte(at: 1).isDigit { return 1 }
        let isSigned = byte(at: 1) == UInt8(ascii: "+") || byte(at: 1) == UInt8(ascii: "-")
        return isSigned && byte(at: 2).isDigit ? 2 : nil
    }

    private mutating func integer(start: Int, radix: Int) throws(SyntaxError) -> Token.Kind {
        let digits = String(decoding: bytes[start..<cursor], as: UTF8.self)
        guard let magnitude = UInt64(digits, radix: radix) else {
            throw SyntaxError("integer does not fit 64 bits", at: start)
        }
        guard byte() | 0x20 == UInt8(ascii: "u") else { return .int(magnitude: magnitude) }
        cursor += 1
        return .uint(magnitude)
    }
}
