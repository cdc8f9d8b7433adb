#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Numbers and bools as text, both ways.
enum NumberText {
    static func bool(_ text: String) throws(CELError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw CELError(.conversion, "not a bool")
        }
    }

    static func integer<Integer: FixedWidthInteger>(_ text: String, allowsSign: Bool) throws(CELError) -> Integer {
        guard allowsSign || text.utf8.first?.isDigit == true, let integer = Integer(text, radix: 10) else {
            throw CELError(.conversion, "not an integer of 64 bits")
        }
        return integer
    }

    static func double(_ text: String) throws(CELError) -> Double {
        var bytes = Array(text.utf8.prefix(1024))[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        switch String(decoding: bytes, as: UTF8.self).lowercased() {
        case "nan" where bytes.count == text.utf8.count: return .nan
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        default: break
        }
        let isDecimal = bytes.allSatisfy { $0.isDigit || ".eE+-".utf8.contains($0) }
        guard isDecimal, text.utf8.count <= 1024, bytes.contains(where: \.isDigit), let value = Double(text),
            value.isFinite
        else { throw CELError(.conversion, "not a double") }
        return value
    }

    /// The shortest digits that read back as `value`: `0.d1d2…` times ten to `exponent`.
    private static func shortest(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var pointSeen = false
        var text = Array(value.magnitude.description.utf8)[...]
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(mark + 1)...], as: UTF8.self)) ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") {
                pointSeen = true
            } else {
                if !pointSeen { exponent += 1 }
                digits.append(byte)
            }
        }
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : nil
    }

    /// Shortest text as `%g` of Go gives it: with an exponent below 0.0001 and from a million on.
    static func general(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.isNaN { return "NaN" }
        let (digits, exponent) = shortest(value)
        guard value != 0, exponent < -3 || exponent > 6 else { return decimal(value) }
        let mantissa = String(decoding: digits.prefix(1), as: UTF8.self)
        let fraction = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
        let power = exponent - 1
        return (value < 0 ? "-" : "") + mantissa + fraction + "e" + (power < 0 ? "-" : "+")
            + String(padding: abs(power), to: 2)
    }

    /// Shortest text without an exponent.
    static func decimal(_ value: Double) -> String {
        if let special = special(value) { return special }
        let sign = value.sign == .minus ? "-" : ""
        let (digits, exponent) = shortest(value)
        guard value != 0 else { return sign + "0" }
        let text = String(decoding: digits, as: UTF8.self)
        if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + text }
        if exponent >= digits.count { return sign + text + String(repeating: "0", count: exponent - digits.count) }
        return sign + String(decoding: digits[..<exponent], as: UTF8.self) + "."
            + String(decoding: digits[exponent...], as: UTF8.self)
    }

    /// `%f` or `%e` of C, which round half to even on the exact value.
    static func rounded(_ value: Double, precision: Int, scientific: Bool) -> String {
        if let special = special(value) { return special }
        var buffer = [CChar](repeating: 0, count: precision + 400)
        let format = scientific ? "%.*e" : "%.*f"
        let length = withVaList([Int32(precision), value]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
