extension CELTimestamp {
    /// Parses RFC 3339, upper-case `T` and `Z` only; nil for anything else and outside the years 1 to 9999.
    public init?(rfc3339 text: String) {
        var scanner = TimeScanner(text)
        guard let year = scanner.digits(4), scanner.accept("-"), let month = scanner.digits(2), scanner.accept("-"),
            let day = scanner.digits(2), scanner.accept("T"),
            let hour = scanner.digits(2), scanner.accept(":"), let minute = scanner.digits(2), scanner.accept(":"),
            let second = scanner.digits(2), hour < 24, minute < 60, second < 60,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        var nanoseconds = 0
        if scanner.accept(".") {
            guard let fraction = scanner.nanoseconds() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = scanner.zone(), scanner.isAtEnd else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(seconds: Int64(seconds), nanoseconds: Int32(nanoseconds))
    }

    /// RFC 3339 in UTC, the fraction without trailing zeros.
    public var rfc3339: String {
        let parts = CivilTime(self, offset: 0)
        return String(padding: parts.date.year, to: 4) + "-" + String(padding: parts.date.month, to: 2)
            + "-" + String(padding: parts.date.day, to: 2) + "T" + String(padding: parts.hour, to: 2)
            + ":" + String(padding: parts.minute, to: 2) + ":" + String(padding: parts.second, to: 2)
            + String(fractionOf: Int64(nanoseconds)) + "Z"
    }
}

extension String {
    init(padding number: Int, to width: Int) {
        let digits = String(number)
        self = String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }

    /// `.5` for half a second; empty for none.
    init(fractionOf nanoseconds: Int64) {
        guard nanoseconds != 0 else {
            self = ""
            return
        }
        var digits = String(padding: Int(nanoseconds), to: 9)
        while digits.last == "0" { digits.removeLast() }
        self = "." + digits
    }
}

private struct TimeScanner {
    private let bytes: [UInt8]
    private var cursor = 0

    init(_ text: String) {
        bytes = Array(text.utf8.prefix(64))
    }

    var isAtEnd: Bool { cursor == bytes.count }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: character) else { return false }
        cursor += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard cursor + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[cursor..<cursor + count] {
            guard byte.isDigit else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        cursor += count
        return value
    }

    /// The digits after the point; those beyond the ninth are cut off.
    mutating func nanoseconds() -> Int? {
        var value = 0
        var count = 0
        while cursor < bytes.count, bytes[cursor].isDigit {
            if count < 9 { value = value * 10 + Int(bytes[cursor] - 0x30) }
            count += 1
            cursor += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 9)..<9 { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    mutating func zone() -> Int? {
        if accept("Z") { return 0 }
        let sign = accept("+") ? 1 : accept("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), accept(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 3600 + minutes * 60)
    }
}
