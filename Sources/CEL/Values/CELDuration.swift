/// A span of time in nanoseconds: about 292 years either way.
public struct CELDuration: Sendable, Hashable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Parses `0`, or signed decimal numbers each with `h`, `m`, `s`, `ms`, `us` or `ns`; nil when malformed or too long.
    public init?(_ text: String) {
        var bytes = Array(text.utf8.prefix(256))[...]
        guard text.utf8.count <= 256 else { return nil }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        if bytes.elementsEqual("0".utf8) {
            nanoseconds = 0
            return
        }
        guard !bytes.isEmpty else { return nil }
        // Summed downwards, as the negative range is the longer one.
        var total: Int64 = 0
        while !bytes.isEmpty {
            guard let part = Self.part(&bytes) else { return nil }
            let (sum, overflow) = total.subtractingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        guard isNegative || total != .min else { return nil }
        nanoseconds = isNegative ? total : -total
    }

    /// One number with its unit, in nanoseconds.
    private static func part(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        let whole = bytes.prefix { $0.isDigit }
        bytes = bytes.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if bytes.first == UInt8(ascii: ".") {
            bytes = bytes.dropFirst()
            fraction = bytes.prefix { $0.isDigit }
            bytes = bytes.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let unitName = bytes.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
        bytes = bytes.dropFirst(unitName.count)
        guard let unit = units[String(decoding: unitName, as: UTF8.self)] else { return nil }
        var value: Int64 = 0
        for digit in whole {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = scaled.addingReportingOverflow(Int64(digit - 0x30))
            guard !overflow, !overflowToo else { return nil }
            value = sum
        }
        let (scaled, overflow) = value.multipliedReportingOverflow(by: unit)
        var rest: Int64 = 0
        var scale: Int64 = 1
        for digit in fraction.prefix(15) {
            rest = rest * 10 + Int64(digit - 0x30)
            scale *= 10
        }
        let (product, productOverflow) = scaled.addingReportingOverflow(
            Int64(Double(rest) * (Double(unit) / Double(scale))))
        return overflow || productOverflow ? nil : product
    }

    private static let units: [String: Int64] = [
        "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000,
        "us": 1000, "µs": 1000, "μs": 1000, "ns": 1,
    ]

    /// Decimal seconds with an `s`, as protobuf writes durations in JSON.
    public var text: String {
        let (seconds, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        return (nanoseconds < 0 ? "-" : "") + String(seconds) + String(fractionOf: Int64(rest)) + "s"
    }
}
