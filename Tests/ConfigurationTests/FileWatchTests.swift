import Foundation
import Testing

@testable import Configuration

/// Each look is the tick that a test gives.
@Suite struct FileWatchTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
    }

    private func path(_ name: String) -> String { files.path + "/" + name }

    private func rename(_ from: String, _ to: String) throws {
        try #require(Foundation.rename(path(from), path(to)) == 0)
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    @Test func filesThatStayTheSameAreUnchanged() throws {
        var watch = FileWatch([try files.write("a", "1"), path("absent")])
        #expect((0..<3).map { _ in watch.look() } == [.unchanged, .unchanged, .unchanged])
    }

    @Test(arguments: ["written in place", "replaced by rename", "removed", "made readable"])
    func aChangeCountsOnceItHasSettled(kind: String) throws {
        let file = try files.write("a", "1")
        var watch = FileWatch([file])
        switch kind {
        case "written in place": try files.write("a", "22")
        case "replaced by rename":
            try files.write("a.new", "1")
            try rename("a.new", "a")
        case "removed": try FileManager.default.removeItem(atPath: file)
        default: try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file)
        }
        #expect((0..<3).map { _ in watch.look() } == [.changing, .changed, .unchanged])
    }

    @Test func aFileThatAppearsIsAChange() throws {
        var watch = FileWatch([path("late")])
        #expect(watch.look() == .unchanged)
        try files.write("late", "1")
        #expect((0..<3).map { _ in watch.look() } == [.changing, .changed, .unchanged])
    }

    /// As the kubelet does it: file -> ..data/file, ..data -> ..2026_1, and `..data` is replaced by a rename.
    @Test func turningADirectoryLinkIsAChange() throws {
        try files.write("..2026_1/config.toml", "same")
        try files.write("..2026_2/config.toml", "same")
        try link("..data", to: "..2026_1")
        try link("config.toml", to: "..data/config.toml")
        var watch = FileWatch([path("config.toml")])
        try link("..data_tmp", to: "..2026_2")
        try rename("..data_tmp", "..data")
        try FileManager.default.removeItem(atPath: path("..2026_1"))
        #expect((0..<3).map { _ in watch.look() } == [.changing, .changed, .unchanged])
    }

    @Test func twoFilesChangedOneAfterTheOtherAreOneChange() throws {
        var watch = FileWatch([try files.write("cert", "1"), try files.write("key", "1")])
        try files.write("cert", "22")
        #expect(watch.look() == .changing)
        try files.write("key", "22")
        #expect(watch.look() == .changing)
        #expect(watch.look() == .changed)
        #expect(watch.look() == .unchanged)
    }

    @Test func whoNeverStopsWritingIsNotWaitedForWithoutEnd() throws {
        var watch = FileWatch([try files.write("a", "")])
        var findings: [FileWatch.Finding] = []
        for count in 1...12 {
            try files.write("a", String(repeating: "x", count: count))
            findings.append(watch.look())
        }
        #expect(findings == Array(repeating: .changing, count: 10) + [.changed, .changing])
    }

    @Test func stampsAreEqualAsLongAsNoFileChanges() throws {
        let file = try files.write("a", "1")
        var stamp = FileStamp([file, path("absent")])
        #expect(stamp == FileStamp([path("absent"), file]))
        try files.write("a", "22")
        #expect(stamp != FileStamp([path("absent"), file]))
        // What it covers already stays as it was seen.
        stamp.cover([file])
        #expect(stamp != FileStamp([file]))
    }

    @Test func filesKeepWhatWasSeenWhenOthersAreWatchedBesideThem() throws {
        var watch = FileWatch([try files.write("a", "1")])
        try files.write("a", "22")
        watch.watch([path("a"), try files.write("b", "1")])
        #expect((0..<3).map { _ in watch.look() } == [.changing, .changed, .unchanged])
        watch.watch([path("b")])
        try files.write("a", "333")
        #expect(watch.look() == .unchanged)
    }
}
