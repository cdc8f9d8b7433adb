/// The two forms in which a signature names its time.
public struct SigV4Time: Sendable, Hashable {
    /// `20130524T000000Z`
    public let stamp: String
    /// `20130524`
    var day: String { String(stamp.prefix(8)) }

    /// - Parameter seconds: Since 1970.
    public init(seconds: Int64) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        // Days to a date of the Gregorian calendar, with years that begin in March (Howard Hinnant, "chrono-compatible
        // low-level date algorithms", civil_from_days).
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let parts = [(year, 4), (civilMonth, 2), (day, 2), (rest / 3600, 2), (rest / 60 % 60, 2), (rest % 60, 2)]
        let texts = parts.map { value, width in
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        stamp = texts[0...2].joined() + "T" + texts[3...5].joined() + "Z"
    }
}
