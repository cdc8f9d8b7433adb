internal import CSpawn

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Starts programs that get nothing of this process but what is named: no descriptor beside the three standard ones, no
/// variable that is not given, no blocked or ignored signal, and a process group of their own.
public struct ChildLaunch {
    /// Where a standard stream leads.
    public enum Stream: Sendable {
        case null
        case descriptor(Int32)
        /// The end of a file, made if it is not there.
        case end(ofFile: String)
    }

    /// A path, or a name to be looked up on the search path of this process.
    public var program: String
    public var arguments: [String]
    public var environment: [String: String]
    public var input: Stream
    public var output: Stream
    public var errors: Stream

    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String], input: Stream = .null,
        output: Stream = .null, errors: Stream = .null
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.output = output
        self.errors = errors
    }

    /// - Returns: The id of the process, which is also that of its group; or the system's error.
    public func start() -> Result<Int32, ChildLaunchError> {
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
        for (number, stream) in [input, output, errors].enumerated() {
            let number = Int32(number)
            switch stream {
            case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            case .end(let path):
                posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            }
        }
        var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #if canImport(Glibc)
            // Whatever opened the others and forgot to say so: a listening socket in a daemon that a program leaves
            // behind would keep the port taken.
            posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        #elseif canImport(Darwin)
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let argv = ([program] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        var problem: Int32 = 0
        // A program that is being replaced is busy for a moment.
        for attempt in 0..<20 {
            if attempt > 0 { usleep(10_000) }
            problem = posix_spawnp(&pid, program, &actions, &attributes, argv, envp)
            guard problem == ETXTBSY else { break }
        }
        return problem == 0 ? .success(pid) : .failure(ChildLaunchError(program: program, number: problem))
    }
}

/// A program could not be started.
public struct ChildLaunchError: Error, Sendable, CustomStringConvertible {
    public let program: String
    /// `errno`.
    public let number: Int32

    public var description: String { "\(program) cannot be started: \(String(cString: strerror(number)))" }
}
