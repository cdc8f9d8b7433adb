import Testing

@testable import Console

@Suite struct QuantityTests {
    @Test(arguments: [
        (0.0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1e9, "953.7 MiB"), (1e18, "888.2 PiB"),
    ])
    func `bytes have a unit of their size`(bytes: Double, text: String) { #expect(Quantity.bytes(bytes) == text) }

    @Test(arguments: [
        (0.0, "0:00"), (7.4, "0:07"), (61, "1:01"), (3723, "1:02:03"), (4 * 86_400 + 7380, "4 d 02:03"), (-1, "-"),
        (.infinity, "-"), (.nan, "-"),
    ])
    func `times are read as clocks show them`(seconds: Double, text: String) { #expect(Quantity.time(seconds) == text) }

    @Test(arguments: [(0.04, 1, "0.0"), (0.05, 1, "0.1"), (12.345, 2, "12.35"), (-1.25, 1, "-1.3"), (3.7, 0, "4")])
    func `numbers are rounded`(number: Double, digits: Int, text: String) {
        #expect(Quantity.decimal(number, digits) == text)
    }

    @Test func `a part of nothing is no number`() {
        #expect(Quantity.percent(0, of: 0) == "- %")
        #expect(Quantity.percent(1, of: 3) == "33.3 %")
    }
}
