/// A number of bytes, written as an integer or with a unit.
///
/// `K`, `KB`, `M`, `MB`, `G`, `GB` are powers of 1000; `Ki`, `KiB`, `Mi`, `MiB`, `Gi`, `GiB` powers of 1024; in any case.
public struct DataSize: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Never negative.
    public let bytes: Int

    public init?(bytes: Int) {
        guard bytes >= 0 else { return nil }
        self.bytes = bytes
    }

    private init(count: Int, unit: Int) {
        precondition(count >= 0)
        bytes = count * unit
    }

    public static func kibibytes(_ count: Int) -> DataSize { DataSize(count: count, unit: 1 << 10) }
    public static func mebibytes(_ count: Int) -> DataSize { DataSize(count: count, unit: 1 << 20) }
    public static func gibibytes(_ count: Int) -> DataSize { DataSize(count: count, unit: 1 << 30) }

    /// nil where the text does not follow the grammar or the size does not fit in 63 bits.
    public init?(_ text: String) {
        let characters = text.utf8
        let digits = characters.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let count = Int(Substring(digits)) else { return nil }
        let unitText = String(Substring(characters[digits.endIndex...])).lowercased()
        guard let unit = DataSize.unit(unitText) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    private static func unit(_ text: String) -> Int? {
        switch text {
        case "": 1
        case "k", "kb": 1_000
        case "m", "mb": 1_000_000
        case "g", "gb": 1_000_000_000
        case "ki", "kib": 1 << 10
        case "mi", "mib": 1 << 20
        case "gi", "gib": 1 << 30
        default: nil
        }
    }

    public static func < (left: DataSize, right: DataSize) -> Bool { left.bytes < right.bytes }

    /// Text that parses back to an equal size, in the largest unit that divides it.
    public var description: String {
        guard bytes > 0 else { return "0" }
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1_000_000_000, "GB"), (1_000_000, "MB")]
        for (unit, name) in units where bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return "\(bytes)"
    }
}
