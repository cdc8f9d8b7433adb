public import Foundation
import Glibc
import NIOConcurrencyHelpers

/// A child process in a process group of its own, its output in a file. It cannot outlive this object.
public final class RunningProcess: Sendable {
    public let program: String
    public let pid: Int32
    /// Where both standard output and standard error go.
    public let log: URL
    private let status = NIOLockedValueBox<ExitStatus?>(nil)

    /// Starts `program` (a name looked up in `PATH` and the `sbin` folders, or a path).
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], log: URL
    ) throws(ProcessError) {
        guard let path = Self.path(of: program) else { throw .missing(program: program) }
        self.program = program
        self.log = log
        self.pid = try Self.spawn(
            path, arguments, environment: ProcessInfo.processInfo.environment.merging(environment) { _, new in new },
            log: log)
    }

    deinit {
        guard reap() == nil else { return }
        killpg(pid, SIGKILL)
        var ignored: Int32 = 0
        waitpid(pid, &ignored, 0)
    }

    /// What it has printed so far.
    public var output: String {
        String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
    }

    /// The last lines of `output`, for messages.
    public var outputTail: String {
        output.split(separator: "\n", omittingEmptySubsequences: false).suffix(40).joined(separator: "\n")
    }

    public var isRunning: Bool { reap() == nil }

    /// Sends a signal to the process itself, not to its group.
    public func signal(_ signal: Int32) {
        if isRunning { Glibc.kill(pid, signal) }
    }

    /// Ends it the hard way, as a crash or the kernel's OOM killer would; returns once it is gone.
    public func kill() async {
        if isRunning { killpg(pid, SIGKILL) }
        _ = try? await waitForExit(within: .seconds(10))
    }

    /// Asks it to end, and insists after `grace`.
    @discardableResult
    public func stop(grace: Duration = .seconds(10)) async -> ExitStatus {
        signal(SIGTERM)
        if let status = try? await waitForExit(within: grace) {
            killpg(pid, SIGKILL)
            return status
        }
        await kill()
        return reap() ?? .signalled(SIGKILL)
    }

    /// Waits for the end.
    public func waitForExit(within limit: Duration) async throws -> ExitStatus {
        let ended = try await eventually(within: limit) { self.reap() }
        guard let ended else { throw ProcessError.stillRunning(program: program, output: outputTail) }
        return ended
    }

    /// Waits until `ready` says so; throws what the process printed if it ends before.
    public func waitUntilReady(within limit: Duration = .seconds(30), _ ready: () async -> Bool) async throws {
        let outcome: Void? = try await eventually(within: limit) {
            if let status = reap() {
                throw ProcessError.endedEarly(program: program, status: status, output: outputTail)
            }
            return await ready() ? () : nil
        }
        if outcome == nil { throw ProcessError.notReady(program: program, output: outputTail) }
    }

    private func reap() -> ExitStatus? {
        status.withLockedValue { status in
            if status == nil {
                var raw: Int32 = 0
                if waitpid(pid, &raw, WNOHANG) == pid { status = ExitStatus(waitStatus: raw) }
            }
            return status
        }
    }
}

/// Asks every few milliseconds until there is an answer; `nil` after `limit`.
public func eventually<Value>(
    within limit: Duration, isolation: isolated (any Actor)? = #isolation, _ question: () async throws -> Value?
) async throws -> Value? {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await question() { return answer }
        if ContinuousClock.now > deadline { return nil }
        try await Task.sleep(for: .milliseconds(10))
    }
}
