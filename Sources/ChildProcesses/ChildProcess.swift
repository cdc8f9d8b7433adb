internal import CSpawn

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A program that is given a little, answers a little, and has little time for it.
public enum ChildProcess {
    /// Milliseconds between two looks whether it has gone while something else holds its output open.
    private static let step: Int32 = 20

    /// What the program prints on its standard output; what it says on standard error goes nowhere.
    ///
    /// Blocks until the program has ended, and no longer than `timeLimit`: then it is killed with all it started that has
    /// not left its process group, as it is when it prints too much. It is not waited for who keeps its output open after it has ended.
    ///
    /// - Parameters:
    ///   - input: Less than a pipe holds.
    ///   - limit: Bytes of output.
    public static func output(
        _ program: String, _ arguments: [String], environment: [String: String], input: [UInt8], limit: Int,
        timeLimit: Duration
    ) -> Result<[UInt8], ChildProcessError> {
        guard let toChild = Pipe(), let fromChild = Pipe() else { return .failure(.noPipe) }
        let launch = ChildLaunch(
            program, arguments, environment: environment, input: .descriptor(toChild.end),
            output: .descriptor(fromChild.start))
        guard case .success(let pid) = launch.start() else { return .failure(.notStarted) }
        // The reading end is still open here, so that a child that has gone already raises no signal.
        _ = input.withUnsafeBytes { write(toChild.start, $0.baseAddress, $0.count) }
        toChild.close()
        fromChild.closeStart()
        let result = collect(fromChild.end, from: pid, limit: limit, timeLimit: timeLimit)
        // Before it is waited for: until then nobody else can have its number.
        if case .failure = result { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard case .success = result else { return result }
        return status == 0 ? result : .failure(.failed)
    }

    private static func collect(
        _ descriptor: Int32, from pid: pid_t, limit: Int, timeLimit: Duration
    ) -> Result<[UInt8], ChildProcessError> {
        let end = ContinuousClock.now + timeLimit
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        var isOpen = true
        while true {
            guard ContinuousClock.now < end else { return .failure(.tooSlow) }
            let hasEnded = hasEnded(pid)
            if isOpen {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = poll(&wanted, 1, hasEnded ? 0 : step)
                if ready > 0 {
                    let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                    guard count >= 0 || errno == EINTR else { return .failure(.unreadable) }
                    if count == 0 { isOpen = false }
                    if count > 0 { bytes += chunk[..<count] }
                    guard bytes.count <= limit else { return .failure(.tooMuchOutput) }
                    continue
                }
            } else if !hasEnded {
                usleep(UInt32(step) * 1000)
            }
            if hasEnded { return .success(bytes) }
        }
    }

    /// Whether it has, without taking note: its number stays its own.
    private static func hasEnded(_ pid: pid_t) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == SIGCHLD
    }

    /// Two ends, neither of which a child inherits that is started by others.
    private final class Pipe {
        private(set) var end: Int32 = -1
        private(set) var start: Int32 = -1

        init?() {
            var ends: [Int32] = [-1, -1]
            #if canImport(Darwin)
                guard pipe(&ends) == 0 else { return nil }
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            #else
                guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
            #endif
            end = ends[0]
            start = ends[1]
        }

        deinit { close() }

        func closeStart() {
            if start >= 0 { systemClose(start) }
            start = -1
        }

        func close() {
            closeStart()
            if end >= 0 { systemClose(end) }
            end = -1
        }
    }
}

private func systemClose(_ descriptor: Int32) {
    close(descriptor)
}

public enum ChildProcessError: Error, Sendable, Equatable {
    case noPipe
    case notStarted
    case unreadable
    case tooMuchOutput
    case tooSlow
    /// It said so itself, or was killed.
    case failed
}
