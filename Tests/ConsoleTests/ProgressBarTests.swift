import NIOConcurrencyHelpers
import Testing

@testable import Console

@Suite struct ProgressBarTests {
    /// A clock that is set, and what was written.
    private final class Desk: Sendable {
        let time = NIOLockedValueBox<Duration>(.zero)
        let text = NIOLockedValueBox("")

        func bar(_ style: ProgressBar.Style, total: Int64? = 100 << 20, unit: ProgressBar.Unit = .bytes) -> ProgressBar
        {
            ProgressBar(
                "export", unit: unit, total: total, style: style, now: { self.time.withLockedValue { $0 } },
                columns: { 91 }, write: { text in self.text.withLockedValue { $0 += text } })
        }

        func pass(_ duration: Duration) { time.withLockedValue { $0 += duration } }

        func taken() -> String {
            text.withLockedValue { text in
                defer { text = "" }
                return text
            }
        }
    }

    @Test func `a terminal has a bar with rate and estimate`() {
        let desk = Desk()
        let bar = desk.bar(.bar)
        bar.add(1 << 20)
        #expect(desk.taken() == "")
        desk.pass(.seconds(1))
        bar.add(9 << 20)
        #expect(
            desk.taken()
                == "\rexport [##......................]  10 % 10.0 MiB of 100.0 MiB, 10.0 MiB/s, about 0:09 left\u{1B}[K"
        )
        desk.pass(.seconds(1))
        bar.add(40 << 20)
        // A fifth of the way from 10 to 40 a second.
        #expect(desk.taken().contains("50 % 50.0 MiB of 100.0 MiB, 16.0 MiB/s, about 0:03 left"))
        bar.end()
        #expect(desk.taken() == "\r\u{1B}[K")
        bar.add(1)
        #expect(desk.taken() == "")
    }

    @Test func `it is not drawn more often than people see`() {
        let desk = Desk()
        let bar = desk.bar(.bar)
        desk.pass(.seconds(1))
        for _ in 0..<1000 { bar.add(1) }
        #expect(desk.taken().count { $0 == "\r" } == 1)
        desk.pass(.milliseconds(99))
        bar.add(1)
        #expect(desk.taken() == "")
    }

    @Test func `what others write stands above it`() {
        let desk = Desk()
        let bar = desk.bar(.bar)
        desk.pass(.seconds(1))
        bar.add(1)
        _ = desk.taken()
        bar.aside { desk.text.withLockedValue { $0 += "ok  a:1\n" } }
        #expect(desk.taken() == "\r\u{1B}[Kok  a:1\n")
        bar.aside { desk.text.withLockedValue { $0 += "ok  a:2\n" } }
        #expect(desk.taken() == "ok  a:2\n")
    }

    @Test func `elsewhere there is a line each ten seconds`() {
        let desk = Desk()
        let bar = desk.bar(.lines)
        for _ in 0..<21 {
            desk.pass(.seconds(1))
            bar.add(2 << 20)
        }
        #expect(
            desk.taken() == """
                export: 20.0 MiB of 100.0 MiB, 2.0 MiB/s, about 0:40 left
                export: 40.0 MiB of 100.0 MiB, 2.0 MiB/s, about 0:30 left

                """)
        bar.end()
        #expect(desk.taken() == "")
    }

    @Test func `without a total it tells what is done`() {
        let desk = Desk()
        let bar = desk.bar(.bar, total: nil, unit: .items("images"))
        desk.pass(.seconds(2))
        bar.add(3)
        #expect(desk.taken() == "\rexport 3, 1.5/s, 0:02 (images)\u{1B}[K")
    }

    @Test func `nobody who does not want it is told anything`() {
        let desk = Desk()
        let bar = desk.bar(.none)
        desk.pass(.seconds(100))
        bar.add(1)
        bar.aside {}
        bar.end()
        #expect(desk.taken() == "")
    }

    @Test(arguments: [1, 10, 30, 50, 80, 200])
    func `it is never wider than the terminal`(columns: Int) {
        let line = ProgressLine(
            what: "export", unit: .bytes, done: 5 << 30, total: 10 << 30, rate: 1e8, seconds: 50)
        #expect(line.text(columns: columns).count < max(columns, 2))
    }
}
