/// A length of time, written as `"90s"`, `"5m"`, `"1h30m"`, `"500ms"`, or as a number of seconds.
///
/// Never negative, at most ten years, in whole milliseconds.
public struct Seconds: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let milliseconds: Int64

    public static let longest = Seconds(uncheckedMilliseconds: 3650 * 86_400_000)

    public var duration: Duration { .milliseconds(milliseconds) }
    public var nanoseconds: Int64 { milliseconds * 1_000_000 }

    private init(uncheckedMilliseconds: Int64) {
        milliseconds = uncheckedMilliseconds
    }

    public init?(milliseconds: Int64) {
        guard (0...Seconds.longest.milliseconds).contains(milliseconds) else { return nil }
        self.milliseconds = milliseconds
    }

    /// For values written in the source.
    public static func seconds(_ count: Int) -> Seconds {
        guard let seconds = Seconds(count) else { preconditionFailure("\(count) s is out of range") }
        return seconds
    }

    public static func milliseconds(_ count: Int) -> Seconds {
        guard let seconds = Seconds(milliseconds: Int64(count)) else { preconditionFailure("\(count) ms out of range") }
        return seconds
    }

    public init?(_ seconds: Int) {
        let (milliseconds, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        self.init(milliseconds: milliseconds)
    }

    public init?(_ seconds: Double) {
        guard seconds >= 0, seconds <= Double(Seconds.longest.milliseconds) / 1000 else { return nil }
        self.init(milliseconds: Int64((seconds * 1000).rounded()))
    }

    /// Units from the largest to the smallest, each at most once; nil for anything else.
    public init?(_ text: String) {
        if let seconds = Int(text), text.utf8.first != UInt8(ascii: "+") {
            self.init(seconds)
            return
        }
        var rest = Substring(text)
        var total: Int64 = 0
        var unitsLeft = Seconds.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard let at = unitsLeft.firstIndex(where: { $0.name == name }) else { return nil }
            let (length, overflow) = count.multipliedReportingOverflow(by: unitsLeft[at].milliseconds)
            guard !overflow, length <= Seconds.longest.milliseconds else { return nil }
            total += length
            unitsLeft = unitsLeft[(at + 1)...]
        }
        self.init(milliseconds: total)
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    public static func < (left: Seconds, right: Seconds) -> Bool { left.milliseconds < right.milliseconds }

    /// Text that parses back to an equal length.
    public var description: String {
        guard milliseconds > 0 else { return "0s" }
        var rest = milliseconds
        var text = ""
        for unit in Seconds.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}
