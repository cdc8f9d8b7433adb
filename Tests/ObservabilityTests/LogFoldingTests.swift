import Testing

@testable import Observability

@Suite struct LogFoldingTests {
    private func admits(_ folding: inout LogFolding, _ text: String, at seconds: Int) -> Bool {
        folding.admits(text, now: .seconds(seconds)) { "\(text) \($0)" }
    }

    @Test func theSameIsWrittenOnceAndThenCounted() {
        var folding = LogFolding()
        #expect(admits(&folding, "a", at: 0))
        #expect(!admits(&folding, "a", at: 1))
        #expect(!admits(&folding, "a", at: 9))
        #expect(admits(&folding, "b", at: 9))
        #expect(folding.isPending)
        #expect(folding.due(now: .seconds(9)) == [])
        #expect(folding.due(now: .seconds(10)) == ["a 2"])
        #expect(!folding.isPending)
        #expect(admits(&folding, "a", at: 11))
    }

    @Test func whatComesAfterItsWindowIsWrittenAgainAndNoCountIsLost() {
        var folding = LogFolding()
        #expect(admits(&folding, "a", at: 0))
        #expect(admits(&folding, "a", at: 10))
        #expect(!admits(&folding, "a", at: 11))
        // Nobody has looked yet: it belongs to what is to be told.
        #expect(!admits(&folding, "a", at: 30))
        #expect(folding.due(now: .seconds(31)) == ["a 2"])
        #expect(!admits(&folding, "a", at: 32) == false)
        #expect(!admits(&folding, "a", at: 33))
        #expect(folding.rest() == ["a 1"])
    }

    @Test func whatThereIsNoRoomForIsCountedTogetherIfItIsToBe() {
        var folding = LogFolding(window: .seconds(60)) { "others \($0)" }
        for number in 0..<LogFolding.mostEntries { #expect(admits(&folding, "\(number)", at: 0)) }
        for number in 0..<3 { #expect(!admits(&folding, "more \(number)", at: 1)) }
        #expect(folding.isPending)
        #expect(folding.due(now: .seconds(60)) == [])
        #expect(!admits(&folding, "0", at: 60) == false)
        #expect(folding.due(now: .seconds(61)) == ["others 3"])
        #expect(!folding.isPending)
        #expect(admits(&folding, "more", at: 62))
    }

    @Test func aFloodOfDifferentLinesIsWrittenAndNotKept() {
        var folding = LogFolding()
        for number in 0..<LogFolding.mostEntries { #expect(admits(&folding, "\(number)", at: 0)) }
        for _ in 0..<3 { #expect(admits(&folding, "more", at: 1)) }
        // There is room when the windows are over.
        #expect(admits(&folding, "more", at: 11))
        #expect(!admits(&folding, "more", at: 12))
    }
}
