import Foundation
import Logging
import NIOConcurrencyHelpers
import OCI
import TestSupport
import Testing
import Transfer

@Suite struct SpoolerTests {
    private struct Target: SpoolTarget {
        struct RefusedError: Error, CustomStringConvertible { let description = "the registry is full" }

        let seen = NIOLockedValueBox<[String]>([])
        /// Done while a file is pushed.
        let meanwhile = NIOLockedValueBox<(@Sendable () throws -> Void)?>(nil)

        func push(_ path: String, as name: ImageName) async throws -> [String] {
            let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
            seen.withLockedValue { $0.append("push \(name) \(text)") }
            try meanwhile.withLockedValue { $0.take() }?()
            if text == "bad" { throw RefusedError() }
            return ["\(name)@digest"]
        }

        func delete(_ name: ImageName) async throws -> [String] {
            seen.withLockedValue { $0.append("delete \(name)") }
            return ["\(name)"]
        }
    }

    private let directory: TemporaryDirectory
    private let target = Target()

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
    }

    private func names(_ folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path + folder).filter { !$0.hasPrefix(".") }
            .sorted()
    }

    @Test(arguments: [
        ("app.tar", "push app"), ("team\\app:1.0.tar.gz", "push team/app:1.0"), ("app:1.0", "push app:1.0"),
        ("app:1.0.TGZ", "push app:1.0"), ("team\\app:1.0!", "delete team/app:1.0"), ("App.tar", nil), ("a b", nil),
        ("..\\x.tar", nil), ("!", nil), ("app.v2:1", "push app.v2:1"),
    ])
    func aNameSaysWhatIsToBeDone(file: String, deed: String?) {
        let found: String? =
            switch SpoolName(file) {
            case .push(let name): "push \(name)"
            case .delete(let name): "delete \(name)"
            case nil: nil
            }
        #expect(found == deed)
    }

    @Test func whatIsThereIsTakenAndWhatFailsIsPutAsideWithTheReason() async throws {
        for (name, text) in [
            ("one:1.tar", "good"), ("two:1.tar", "bad"), ("Three.tar", "good"), ("four:1!", ""),
            ("five:1.tar~", "half"),
            (".hidden", "x"),
        ] { try write(text, name) }
        try FileManager.default.createSymbolicLink(atPath: directory.file("link:1"), withDestinationPath: "/etc/passwd")
        let folder = SpoolFolder(directory.path)
        let outcomes = NIOLockedValueBox<[Spooler.Outcome]>([])
        let spooler = Spooler(folder, to: target, logger: Logger(label: "test")) { outcome in
            outcomes.withLockedValue { $0.append(outcome) }
        }
        let failures = try await spooler.runOnce()
        #expect(failures == 2)
        #expect(outcomes.withLockedValue { $0.map(\.rawValue).sorted() } == ["deleted", "failed", "failed", "pushed"])
        #expect(target.seen.withLockedValue { $0.sorted() } == ["delete four:1", "push one:1 good", "push two:1 bad"])
        #expect(try names() == ["five:1.tar~", "link:1"])
        #expect(try names("/.done") == ["four:1!.json", "one:1.tar.json"])
        #expect(try names("/.failed") == ["Three.tar", "Three.tar.err", "two:1.tar", "two:1.tar.err"])
        #expect(try folder.outcome(of: "one:1.tar")?.get() == ["one:1@digest"])
        let failure = #expect(throws: SpoolError.self) { try folder.outcome(of: "two:1.tar")?.get() }
        #expect(failure?.reason == "the registry is full\n")
        if case .some = folder.outcome(of: "five:1.tar~") { Issue.record("it waits") }
        // Tried again, and better.
        try write("good", "two:1.tar")
        #expect(try await spooler.runOnce() == 0)
        #expect(try folder.outcome(of: "two:1.tar")?.get() == ["two:1@digest"])
    }

    @Test func aFileThatChangesIsLeftAloneUntilItIsAtRest() async throws {
        let timers = ManualTimers()
        let folder = SpoolFolder(directory.path, keeps: true)
        let spooler = Spooler(folder, to: target, logger: Logger(label: "test"), timers: timers.timers)
        try write("ha", "app:1.tar")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await spooler.run() }
            await timers.asleep(for: .seconds(1))
            try write("half", "app:1.tar")
            timers.pass(.seconds(1))
            await timers.asleep(for: .seconds(1))
            #expect(target.seen.withLockedValue { $0 } == [])
            timers.pass(.seconds(1))
            await timers.asleep(for: .seconds(1))
            #expect(target.seen.withLockedValue { $0 } == ["push app:1 half"])
            #expect(try names() == [])
            #expect(try names("/.done") == ["app:1.tar", "app:1.tar.json"])
            group.cancelAll()
        }
    }

    @Test func whatIsHandedInIsCompleteWhenItHasItsName() async throws {
        let source = directory.file("source")
        try write("good", "source")
        let spool = directory.file("spool")
        let folder = SpoolFolder(spool)
        try folder.prepare()
        try folder.hand(in: source, as: "app:1.tar")
        if case .some = folder.outcome(of: "app:1.tar") { Issue.record("it waits") }
        #expect(try await Spooler(folder, to: target, logger: Logger(label: "test")).runOnce() == 0)
        #expect(try folder.outcome(of: "app:1.tar")?.get() == ["app:1@digest"])
    }

    @Test func whatIsNoFileIsNotHandedIn() throws {
        let folder = SpoolFolder(directory.file("spool"))
        try folder.prepare()
        for (name, words) in [
            ("absent", "absent cannot be read: No such file or directory"), ("spool", "spool is not a file"),
        ] {
            let error = #expect(throws: SpoolError.self) {
                try folder.hand(in: directory.file(name), as: "app:1.tar")
            }
            #expect(error?.reason.hasSuffix(words) == true, "\(error?.reason ?? "")")
        }
        #expect(try names("/spool") == [])
    }

    @Test func ofALinkTheFileIsHandedIn() async throws {
        try write("good", "source")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("link"), withDestinationPath: directory.file("source"))
        let folder = SpoolFolder(directory.file("spool"))
        try folder.prepare()
        try folder.hand(in: directory.file("link"), as: "app:1.tar")
        #expect(try await Spooler(folder, to: target, logger: Logger(label: "test")).runOnce() == 0)
        #expect(target.seen.withLockedValue { $0 } == ["push app:1 good"])
    }

    @Test func whatIsNoFolderSaysSo() throws {
        try write("x", "file")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("link"), withDestinationPath: directory.file("away"))
        for (path, words) in [
            (directory.file("file"), "file is not a folder"), (directory.file("file/below"), "Not a directory"),
            (directory.file("link"), "link is not a folder"), (directory.file("link/below"), "link is not a folder"),
            ("/proc/entrepot-spool", "No such file or directory"),
        ] {
            let error = #expect(throws: SpoolError.self) { try SpoolFolder(path).prepare() }
            #expect(error?.reason.hasSuffix(words) == true, "\(error?.reason ?? "")")
        }
    }

    @Test(arguments: ["good", "bad"]) func whatTakesAFilesPlaceWhileThatIsPushedHasItsTurn(first: String) async throws {
        let path = directory.path
        try write(first, "app:1.tar")
        target.meanwhile.withLockedValue { deed in
            deed = {
                try Data("better".utf8).write(to: URL(fileURLWithPath: path + "/new~"))
                guard rename(path + "/new~", path + "/app:1.tar") == 0 else { throw Target.RefusedError() }
            }
        }
        let folder = SpoolFolder(path)
        let spooler = Spooler(folder, to: target, logger: Logger(label: "test"))
        _ = try await spooler.runOnce()
        #expect(try names() == ["app:1.tar"])
        #expect(try await spooler.runOnce() == 0)
        #expect(target.seen.withLockedValue { $0 } == ["push app:1 \(first)", "push app:1 better"])
        #expect(try names() == [])
        #expect(try folder.outcome(of: "app:1.tar")?.get() == ["app:1@digest"])
    }

    @Test func aFileWhoseNameLeavesNoRoomForAReasonIsTriedOnce() async throws {
        let name = String(repeating: "a", count: 240) + ":" + String(repeating: "b", count: 10) + ".tar"
        try write("bad", name)
        let spooler = Spooler(SpoolFolder(directory.path), to: target, logger: Logger(label: "test"))
        #expect(try await spooler.runOnce() == 1)
        #expect(try names() == [])
        #expect(try names("/.failed") == [name])
    }

    @Test func reportsAreNotWrittenThroughALink() async throws {
        let elsewhere = try TemporaryDirectory()
        try write("good", "app:1.tar")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file(".done"), withDestinationPath: elsewhere.path)
        let spooler = Spooler(SpoolFolder(directory.path), to: target, logger: Logger(label: "test"))
        await #expect(throws: SpoolError.self) { try await spooler.runOnce() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path).isEmpty)
        #expect(target.seen.withLockedValue { $0.isEmpty })
    }
}
