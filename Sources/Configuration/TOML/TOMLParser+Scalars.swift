/// Booleans, numbers, dates and times: all that stands without quotes.
extension TOMLParser {
    mutating func scalar() throws(TOMLSyntaxError) -> SettingNode.Content {
        let start = position
        while let byte = next, Self.isPartOfScalar(byte) { position += 1 }
        var word = String(decoding: text[start..<position], as: UTF8.self)
        // A blank may stand between a date and a time.
        if word.utf8.count == 10, TOMLDateTime.isDate(word), next == UInt8(ascii: " "), position + 1 < text.count,
            Self.isDigit(text[position + 1])
        {
            position += 1
            let time = position
            while let byte = next, Self.isPartOfScalar(byte) { position += 1 }
            word += "T" + String(decoding: text[time..<position], as: UTF8.self)
        }
        guard let content = try Self.content(word, { problem in failure(problem, at: start) }) else {
            throw failure("a value is expected; a text needs quotes", at: start)
        }
        return content
    }

    private static func isPartOfScalar(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || [0x2B, 0x2D, 0x2E, 0x3A, 0x5F].contains(byte)
    }

    /// Nil if the word is nothing that TOML knows.
    private static func content(
        _ word: String, _ failure: (String) -> TOMLSyntaxError
    ) throws(TOMLSyntaxError) -> SettingNode.Content? {
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .number(.infinity)
        case "-inf": return .number(-.infinity)
        case "nan", "+nan", "-nan": return .number(.nan)
        default: break
        }
        if TOMLDateTime.isDateOrTime(word) { return .dateOrTime }
        if let (digits, radix) = prefixed(word) {
            guard let number = Int(digits, radix: radix) else { throw failure("an integer needs more than 64 bits") }
            return .integer(number)
        }
        guard let plain = withoutUnderscores(Substring(word), radix: 10) else { return nil }
        let unsigned = plain.drop { $0 == "+" || $0 == "-" }
        guard plain.count - unsigned.count <= 1, let first = unsigned.first, first.isASCII, first.isNumber else {
            return nil
        }
        let whole = unsigned.prefix { $0.isASCII && $0.isNumber }
        guard whole.count == 1 || first != "0" else { return nil }
        if whole.count == unsigned.count {
            guard let number = Int(plain) else { throw failure("an integer needs more than 64 bits") }
            return .integer(number)
        }
        return isFraction(unsigned.dropFirst(whole.count)) ? Double(plain).map { .number($0) } : nil
    }

    /// `.` and digits, an exponent, or both.
    private static func isFraction(_ text: Substring) -> Bool {
        var rest = text
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let mark = rest.first else { return true }
        guard mark == "e" || mark == "E" else { return false }
        rest = rest.dropFirst()
        if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy { $0.isASCII && $0.isNumber }
    }

    private static func prefixed(_ word: String) -> (digits: String, radix: Int)? {
        let radix: Int
        switch word.prefix(2) {
        case "0x": radix = 16
        case "0o": radix = 8
        case "0b": radix = 2
        default: return nil
        }
        guard let digits = withoutUnderscores(word.dropFirst(2), radix: radix), !digits.isEmpty,
            digits.allSatisfy({ isDigit($0, radix) })
        else { return nil }
        return (digits, radix)
    }

    /// Nil if one does not stand between two digits.
    private static func withoutUnderscores(_ word: Substring, radix: Int) -> String? {
        guard word.contains("_") else { return String(word) }
        let characters = Array(word)
        for (index, character) in characters.enumerated() where character == "_" {
            guard index > 0, index + 1 < characters.count, isDigit(characters[index - 1], radix),
                isDigit(characters[index + 1], radix)
            else { return nil }
        }
        return String(characters.filter { $0 != "_" })
    }

    private static func isDigit(_ character: Character, _ radix: Int) -> Bool {
        character.isASCII && character.hexDigitValue.map { $0 < radix } == true
    }
}
