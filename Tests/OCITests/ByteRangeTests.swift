import OCI
import Testing

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-", 10, 0, 10), ("bytes=0-0", 10, 0, 1), ("bytes=3-5", 10, 3, 6), ("bytes=3-99", 10, 3, 10),
        ("bytes=-4", 10, 6, 10), ("bytes=-40", 10, 0, 10), ("BYTES=1-2", 10, 1, 3), ("bytes= 1 - 2", 10, 1, 3),
        ("bytes=0-9223372036854775807", 10, 0, 10), ("bytes=0-99999999999999999999", 10, 0, 10),
    ])
    func resolve(header: String, size: Int64, lower: Int64, upper: Int64) {
        #expect(ByteRange(header: header)?.resolved(size: size) == lower..<upper)
    }

    @Test(arguments: ["bytes=10-", "bytes=99-100", "bytes=-0", "bytes=5-3", "bytes=99999999999999999999-"])
    func askForNothingThatIsThere(header: String) throws {
        let range = try #require(ByteRange(header: header))
        #expect(range.resolved(size: 10) == nil)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2",
        "bytes=--1",
    ])
    func areIgnored(header: String) {
        #expect(ByteRange(header: header) == nil)
    }

    @Test func nothingOfEmptyContentCanBeAskedFor() {
        #expect(ByteRange(header: "bytes=0-")?.resolved(size: 0) == nil)
        #expect(ByteRange(header: "bytes=-5")?.resolved(size: 0) == nil)
    }
}
