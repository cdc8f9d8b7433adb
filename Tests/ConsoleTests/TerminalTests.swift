import Testing

@testable import Console

@Suite struct TerminalTests {
    @Test func `a frame is drawn over the last one, and nothing of it stays`() {
        let frame = TerminalScreen.frame(["a", "bcdef", "g"], TerminalSize(columns: 3, rows: 2))
        #expect(frame == "\u{1B}[Ha\u{1B}[K\r\nbc…\u{1B}[K\u{1B}[J")
    }

    @Test func `a bar is as long as it is told`() {
        #expect(TerminalText.bar(0.5, 12) == "[#####.....]")
        #expect(TerminalText.bar(nil, 6) == "[....]")
        #expect(TerminalText.bar(7, 6) == "[####]")
        #expect(TerminalText.bar(-1, 6) == "[....]")
    }

    @Test func `columns have their width`() {
        #expect(TerminalText.left("ab", 4) + "|" == "ab  |")
        #expect(TerminalText.right("ab", 4) == "  ab")
        #expect(TerminalText.left("abcdef", 4) == "abc…")
    }
}
