import Configuration
import Testing

@Suite struct SecondsTests {
    @Test(arguments: [
        ("0", 0), ("90", 90_000), ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("500ms", 500), ("0s", 0),
        ("2d", 172_800_000), ("1d1h1m1s1ms", 90_061_001), ("1m500ms", 60_500), ("3650d", 315_360_000_000),
    ])
    func `a duration is numbers with falling units`(text: String, milliseconds: Int) {
        #expect(Seconds(text)?.milliseconds == Int64(milliseconds))
    }

    @Test(arguments: [
        "", "s", "m5", "-1", "-1s", "+1", "1.5h", "1h 30m", "30m1h", "1s1s", "1ms1s", "1H", "1min", "1us", "1s5",
        "3651d", "99999999999999999999s", "9223372036854775807d", "315360001", "1e3",
    ])
    func `anything else is no duration, nor is one above ten years`(text: String) {
        #expect(Seconds(text) == nil)
    }

    @Test func `numbers are seconds`() {
        #expect(Seconds(90) == .seconds(90))
        #expect(Seconds(0.5) == .milliseconds(500))
        #expect(Seconds(-1) == nil)
        #expect(Seconds(Int.max) == nil)
        #expect(Seconds(Double.nan) == nil)
        #expect(Seconds(Double.infinity) == nil)
        #expect(Seconds(-0.5) == nil)
    }

    @Test(arguments: [0, 1, 999, 1000, 60_000, 75_000, 5_400_000, 90_061_001])
    func `its description parses back`(milliseconds: Int) {
        let seconds = Seconds.milliseconds(milliseconds)
        #expect(Seconds(seconds.description) == seconds)
    }

    @Test func `it converts to a duration`() {
        #expect(Seconds.seconds(90).duration == .seconds(90))
        #expect(Seconds.longest.nanoseconds > 0)
    }
}
