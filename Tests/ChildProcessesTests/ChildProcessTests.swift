import ChildProcesses
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    private func shell(_ script: String, timeLimit: Duration = .seconds(20)) -> Result<[UInt8], ChildProcessError> {
        ChildProcess.output(
            "sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin", "GIVEN": "yes"], input: Array("hello".utf8),
            limit: 1 << 16, timeLimit: timeLimit)
    }

    private func text(_ script: String) throws -> String {
        String(decoding: try shell(script).get(), as: UTF8.self)
    }

    @Test func aProgramIsGivenWhatIsNamedAndNothingElse() throws {
        #expect(try text("cat") == "hello")
        #expect(try text("echo $GIVEN ${HOME-none}") == "yes none\n")
        // Not marked as to be closed.
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        #expect(try text("ls /proc/self/fd | wc -l").trimmingCharacters(in: .whitespacesAndNewlines) == "4")
    }

    @Test func oneThatClosesItsOutputAndStaysIsKilledInTimeWithItsGroup() throws {
        let folder = try TemporaryDirectory()
        let pids = folder.file("pids")
        #expect(
            shell("sleep 600 & echo $! > \(pids); exec >&-; sleep 600", timeLimit: .milliseconds(300))
                == .failure(.tooSlow))
        let child = try #require(
            pid_t(try String(contentsOfFile: pids, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)))
        // It is gone, or waits for whoever takes in orphans.
        let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)) ?? ") Z"
        #expect(state.contains(") Z") || kill(child, 0) != 0 || waitGone(child))
    }

    private func waitGone(_ pid: pid_t) -> Bool {
        for _ in 0..<500 where kill(pid, 0) == 0 { usleep(10_000) }
        return kill(pid, 0) != 0
    }

    @Test func oneThatLeavesADaemonWithItsOutputIsNotWaitedFor() throws {
        let folder = try TemporaryDirectory()
        let pids = folder.file("pids")
        #expect(try text("setsid sleep 60 & echo $! > \(pids); echo done") == "done\n")
        let daemon = try String(contentsOfFile: pids, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        if let daemon = pid_t(daemon) { kill(daemon, SIGKILL) }
    }

    @Test(arguments: [
        ("exit 3", ChildProcessError.failed), ("kill -9 $$", .failed), ("yes", .tooMuchOutput),
        ("sleep 600", .tooSlow),
    ])
    func whatGoesWrongIsSaid(script: String, problem: ChildProcessError) {
        #expect(
            shell(script, timeLimit: script.hasPrefix("sleep") ? .milliseconds(100) : .seconds(20)) == .failure(problem)
        )
    }

    @Test func whatIsNotThereCannotBeStarted() {
        #expect(
            ChildProcess.output("/nowhere/x", [], environment: [:], input: [], limit: 1, timeLimit: .seconds(1))
                == .failure(.notStarted))
    }
}
