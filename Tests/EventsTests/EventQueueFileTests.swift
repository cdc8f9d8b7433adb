import Foundation
import TestSupport
import Testing

@testable import Events

@Suite struct EventQueueFileTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func queue(limit: Int = 1 << 20) throws -> EventQueueFile {
        try EventQueueFile(folder: folder.file("a/b"), limit: limit)
    }

    @Test func linesComeBackInTheirOrderAlsoAfterARestart() throws {
        var file = try queue()
        #expect(try file.next(atMost: 10) == nil)
        #expect(try file.append(["one", "two", "three"]) == 3)
        let first = try #require(try file.next(atMost: 2))
        #expect(first.lines == ["one", "two"])
        // Not acknowledged: another process gets them again.
        file = try queue()
        #expect(try file.next(atMost: 2)?.lines == ["one", "two"])
        try file.acknowledge(first.end)
        file = try queue()
        #expect(try file.append(["four"]) == 1)
        #expect(try file.next(atMost: 10)?.lines == ["three", "four"])
    }

    @Test func whatADyingProcessWroteHalfOfIsGoneAndNothingElse() throws {
        let file = try queue()
        #expect(try file.append(["one"]) == 1)
        let path = folder.file("a/b/000000000001.events")
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("tw".utf8))
        try handle.close()
        let next = try queue()
        #expect(try next.append(["three"]) == 1)
        #expect(try next.next(atMost: 10)?.lines == ["one", "three"])
    }

    @Test func whatIsMoreThanMayWaitIsNotTakenUntilThereIsRoom() throws {
        let file = try queue(limit: 10)
        #expect(try file.append(["1234", "5678", "9"]) == 2)
        #expect(try file.append(["x"]) == 0)
        try file.acknowledge(try #require(try file.next(atMost: 1)).end)
        #expect(try file.append(["x"]) == 1)
        #expect(try file.next(atMost: 9)?.lines == ["5678", "x"])
    }

    @Test func whatMattersLessLeavesAQuarterOfTheRoom() throws {
        let file = try queue(limit: 40)
        let pulls = (0..<99).map { "pull\($0 % 10)" }
        #expect(try file.append([], after: pulls) == 5)
        #expect(try file.append([], after: pulls) == 0)
        #expect(try file.append(["push1"], after: pulls) == 1)
        #expect(try file.append(["x", "y"]) == 2)
        #expect(try file.append(["z"]) == 0)
        #expect(try file.next(atMost: 9)?.lines == ["pull0", "pull1", "pull2", "pull3", "pull4", "push1", "x", "y"])
    }

    @Test func deliveredSegmentsGo() throws {
        let file = try queue(limit: 64 << 20)
        let line = String(repeating: "x", count: 1 << 19)
        for number in 0..<20 { #expect(try file.append(["\(number)\(line)"]) == 1) }
        #expect(folder.files().count { $0.hasSuffix(".events") } > 1)
        var numbers: [Int] = []
        while let next = try file.next(atMost: 3) {
            numbers += next.lines.compactMap { Int($0.prefix { $0 != "x" }) }
            try file.acknowledge(next.end)
        }
        #expect(numbers == Array(0..<20))
        #expect(folder.files().count { $0.hasSuffix(".events") } == 1)
        #expect(file.waiting == 0)
    }
}
