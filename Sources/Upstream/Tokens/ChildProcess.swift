import FoundationEssentials
import NIOConcurrencyHelpers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A program that is given a little, answers a little, and has little time for it.
enum ChildProcess {
    struct Failure: Error {
        let message: String
    }

    private static let starting = NIOLock()

    /// What the program prints on its standard output; what it says on standard error goes nowhere.
    ///
    /// Blocks. The program has a process group of its own, which is killed with all it started when the time is over.
    ///
    /// - Parameter input: Less than a pipe holds.
    static func output(
        _ program: String, _ arguments: [String], input: [UInt8], limit: Int, timeLimit: Duration
    ) -> Result<[UInt8], Failure> {
        // One start at a time: a pipe is inherited by any child that is started before it is marked as not to be.
        let started = starting.withLock { () -> Result<(pid_t, Pipe, Pipe), Failure> in
            guard let toChild = Pipe(), let fromChild = Pipe() else { return .failure(Failure(message: "has no pipe")) }
            return spawn(program, arguments, input: toChild.end, output: fromChild.start).map {
                ($0, toChild, fromChild)
            }
        }
        let (pid, toChild, fromChild): (pid_t, Pipe, Pipe)
        switch started {
        case .success(let child): (pid, toChild, fromChild) = child
        case .failure(let failure): return .failure(failure)
        }
        // The reading end is still open here, so that a child that has gone already raises no signal.
        _ = input.withUnsafeBytes { write(toChild.start, $0.baseAddress, $0.count) }
        toChild.close()
        fromChild.closeStart()
        let result = collect(fromChild.end, limit: limit, timeLimit: timeLimit)
        // Whatever it is still doing is of no use any more.
        if case .failure = result { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard case .success = result else { return result }
        return status == 0 ? result : .failure(Failure(message: "failed"))
    }

    private static func collect(_ descriptor: Int32, limit: Int, timeLimit: Duration) -> Result<[UInt8], Failure> {
        let end = ContinuousClock.now + timeLimit
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = (end - ContinuousClock.now).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { return .failure(Failure(message: "did not answer in time")) }
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = systemPoll(&poll, Int32(min(milliseconds, 60_000)))
            guard ready > 0 else { continue }
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return .success(bytes) }
            guard count > 0 else {
                if errno == EINTR { continue }
                return .failure(Failure(message: "could not be read"))
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { return .failure(Failure(message: "printed too much")) }
        }
    }

    private static func systemPoll(_ descriptor: inout pollfd, _ milliseconds: Int32) -> Int32 {
        poll(&descriptor, 1, milliseconds)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], input: Int32, output: Int32
    ) -> Result<pid_t, Failure> {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let environment = ProcessInfo.processInfo.environment
        let argv = ([program] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, program, &actions, &attributes, argv, envp) == 0 else {
            return .failure(Failure(message: "cannot be started: check that it is installed and may be run"))
        }
        return .success(pid)
    }

    /// Two ends, neither of which any other child inherits.
    private final class Pipe {
        private(set) var end: Int32
        private(set) var start: Int32

        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
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
