import Configuration
import Testing

@Suite struct DataSizeTests {
    @Test(arguments: [
        ("0", 0), ("1", 1), ("1024", 1024), ("5K", 5_000), ("5kb", 5_000), ("5M", 5_000_000), ("5MB", 5_000_000),
        ("5G", 5_000_000_000), ("5gb", 5_000_000_000), ("5Ki", 5_120), ("5KIB", 5_120), ("5mi", 5_242_880),
        ("5MiB", 5_242_880), ("2gi", 2_147_483_648), ("2GiB", 2_147_483_648), ("007K", 7_000),
        ("9223372036854775807", Int.max),
    ])
    func `a size is a number with a unit in any case`(text: String, bytes: Int) {
        #expect(DataSize(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", " ", "K", "MiB", "-1", "+1", "1.5M", "1 M", " 1M", "1M ", "1T", "1B", "1KBB", "0x10", "1_000", "١",
        "9223372036854775808", "9223372036854775807K", "99999999999GiB", "1\u{301}",
    ])
    func `anything else is no size, nor is one that does not fit`(text: String) {
        #expect(DataSize(text) == nil)
    }

    @Test(arguments: [0, 1, 999, 1000, 1024, 32 << 10, 5_000_000, 50 << 20, 100 << 30, 3_000_000_000, Int.max])
    func `its description parses back`(bytes: Int) throws {
        let size = try #require(DataSize(bytes: bytes))
        #expect(DataSize(size.description) == size)
    }

    @Test func `its description uses the largest unit that divides it`() {
        #expect(DataSize.mebibytes(50).description == "50MiB")
        #expect(DataSize.gibibytes(100).description == "100GiB")
        #expect(DataSize("5MB")?.description == "5MB")
    }
}
