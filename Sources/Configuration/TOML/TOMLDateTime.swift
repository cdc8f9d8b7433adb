/// The shapes of RFC 3339 that TOML takes: a date, a time, both, or both with an offset.
enum TOMLDateTime {
    static func isDateOrTime(_ word: String) -> Bool {
        if isDate(word) { return true }
        let bytes = Array(word.utf8)
        guard bytes.count > 11, isDate(bytes[..<10]), bytes[10] | 0x20 == UInt8(ascii: "t") else {
            return timeLength(bytes[...]) == bytes.count
        }
        let rest = bytes[11...]
        guard let length = timeLength(rest) else { return false }
        return isOffset(rest.dropFirst(length))
    }

    static func isDate(_ word: String) -> Bool { isDate(Array(word.utf8)[...]) }

    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(bytes)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8...]),
            (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    /// Of `hh:mm:ss` with or without a fraction, at the beginning; nil if there is none.
    private static func timeLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(bytes)
        guard bytes.count >= 8, bytes[2] == UInt8(ascii: ":"), bytes[5] == UInt8(ascii: ":"),
            let hour = number(bytes[..<2]), let minute = number(bytes[3..<5]), let second = number(bytes[6..<8]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        guard bytes.count > 8, bytes[8] == UInt8(ascii: ".") else { return 8 }
        let fraction = bytes[9...].prefix(while: TOMLParser.isDigit).count
        return fraction > 0 ? 9 + fraction : nil
    }

    private static func isOffset(_ bytes: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(bytes)
        guard let sign = bytes.first else { return true }
        if bytes.count == 1 { return sign | 0x20 == UInt8(ascii: "z") }
        guard bytes.count == 6, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), bytes[3] == UInt8(ascii: ":"),
            let hours = number(bytes[1..<3]), let minutes = number(bytes[4...])
        else { return false }
        return hours < 24 && minutes < 60
    }

    private static func number(_ bytes: some Collection<UInt8>) -> Int? {
        bytes.allSatisfy(TOMLParser.isDigit) ? Int(String(decoding: bytes, as: UTF8.self)) : nil
    }
}
