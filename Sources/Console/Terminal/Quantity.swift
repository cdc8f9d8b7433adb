/// Numbers as people read them.
public enum Quantity {
    /// `12.3`, with so many digits after the point.
    static func decimal(_ number: Double, _ digits: Int = 1) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "-" }
        let factor = (0..<digits).reduce(1.0) { factor, _ in factor * 10 }
        let scaled = Int64((abs(number) * factor).rounded())
        let sign = number < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let rest = String(scaled % Int64(factor))
        return "\(sign)\(scaled / Int64(factor))." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// `512 B`, `1.5 MiB`.
    static func bytes(_ bytes: Double) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
        guard bytes >= 1024 else { return "\(decimal(bytes, 0)) B" }
        var (value, unit) = (bytes / 1024, 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return "\(decimal(value)) \(units[unit])"
    }

    /// `512 B`, `1.5 MiB`.
    public static func bytes(_ bytes: Int64) -> String { Self.bytes(Double(bytes)) }

    /// `0:07`, `1:02:03`, `4 d 02:03`.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e10 else { return "-" }
        let seconds = Int64(seconds.rounded())
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, two(seconds % 60))
        if hours >= 24 { return "\(hours / 24) d \(two(hours % 24)):\(two(minutes))" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(rest)" : "\(minutes):\(rest)"
    }

    /// `98.2 %`; a dash where nothing was counted.
    static func percent(_ part: Double, of whole: Double) -> String {
        whole > 0 ? "\(decimal(100 * part / whole)) %" : "- %"
    }
}
