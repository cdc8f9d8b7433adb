#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The `Date` field line, formatted once a second (IMF-fixdate, RFC 9110 section 5.6.7).
struct DateField {
    private var second: time_t = -1
    private var line = ""

    /// With its CRLF.
    mutating func current(at now: time_t = time(nil)) -> String {
        if now != second {
            second = now
            line = Self.format(now)
        }
        return line
    }

    static func format(_ second: time_t) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        let days: [String] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months: [String] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "Date: \(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT\r\n"
    }
}
