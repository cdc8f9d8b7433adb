import Foundation
import Testing

@testable import Configuration

/// What the kernel tells is there before anybody waits: no test depends on when.
@Suite struct FileAlarmTests {
    private let files: TemporaryFiles
    private let alarm = FileAlarm()

    init() throws {
        files = try TemporaryFiles()
    }

    private func path(_ name: String) -> String { files.path + "/" + name }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    private func rename(_ from: String, _ to: String) throws {
        try #require(Foundation.rename(path(from), path(to)) == 0)
    }

    @Test func whereNothingChangesTheTimeRunsOut() throws {
        #expect(alarm.cover([try files.write("a", "1")]))
        #expect(alarm.wait(seconds: 0.01) == .time)
    }

    #if os(Linux)
        @Test(arguments: ["written in place", "replaced by rename", "removed", "made readable", "made"])
        func aChangeIsToldOnce(kind: String) throws {
            let file = try files.write("a", "1")
            #expect(alarm.cover([file, path("late")]))
            switch kind {
            case "written in place": try files.write("a", "22")
            case "replaced by rename":
                try files.write("b", "2")
                try rename("b", "a")
            case "removed": try FileManager.default.removeItem(atPath: file)
            case "made": try files.write("late", "1")
            default: try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file)
            }
            #expect(alarm.wait(seconds: 60) == .told)
            #expect(alarm.wait(seconds: 0) == .time)
        }

        /// As the kubelet does it: file -> ..data/file, ..data -> ..2026_1, and `..data` is replaced by a rename.
        @Test func turningADirectoryLinkIsTold() throws {
            try files.write("..2026_1/config.toml", "same")
            try files.write("..2026_2/config.toml", "same")
            try link("..data", to: "..2026_1")
            try link("config.toml", to: "..data/config.toml")
            #expect(alarm.cover([path("config.toml")]))
            try link("..data_tmp", to: "..2026_2")
            try rename("..data_tmp", "..data")
            #expect(alarm.wait(seconds: 60) == .told)
        }

        @Test func whatALinkLeadsToIsWatchedWhereItLies() throws {
            let file = try files.write("real/deep/key.pem", "1")
            try FileManager.default.createDirectory(atPath: path("etc"), withIntermediateDirectories: true)
            try link("etc/tls", to: path("real/deep"))
            #expect(alarm.cover([path("etc/tls/key.pem")]))
            try "2".write(toFile: file, atomically: false, encoding: .utf8)
            #expect(alarm.wait(seconds: 60) == .told)
            // The link itself, two levels above the file.
            try rename("etc/tls", "etc/old")
            #expect(alarm.wait(seconds: 60) == .told)
        }

        @Test func whatIsNotCoveredAnyMoreIsNotTold() throws {
            let (first, second) = (try files.write("one/a", "1"), try files.write("two/b", "1"))
            #expect(alarm.cover([first]))
            #expect(alarm.cover([second]))
            try files.write("one/a", "2")
            #expect(alarm.wait(seconds: 0) == .time)
            try files.write("two/b", "2")
            #expect(alarm.wait(seconds: 60) == .told)
        }

        @Test func aPauseKeepsWhatIsTold() throws {
            #expect(alarm.cover([try files.write("a", "1")]))
            try files.write("a", "2")
            #expect(alarm.pause(seconds: 0) == .time)
            #expect(alarm.wait(seconds: 60) == .told)
        }
    #endif

    @Test func aFolderThatIsMissingIsSaid() throws {
        #expect(!alarm.cover([path("absent/a")]))
    }

    @Test func linksThatLeadInCirclesEnd() throws {
        try link("a", to: "b")
        try link("b", to: "a")
        #expect(FileAlarm.folders(leadingTo: path("a/x")).contains(files.path))
    }

    @Test func stoppedNobodyWaits() throws {
        #expect(alarm.cover([try files.write("a", "1")]))
        alarm.stop()
        #expect(alarm.wait(seconds: 60) == .stopped)
        #expect(alarm.pause(seconds: 60) == .stopped)
    }
}
