/// What goes wrong around processes, with what they printed, since that is where the reason stands.
public enum ProcessError: Error, CustomStringConvertible {
    /// The program is not installed.
    case missing(program: String)
    /// The system refused to start it.
    case notStarted(program: String, errno: Int32)
    /// It ended although it should serve, or did not end although it should.
    case endedEarly(program: String, status: ExitStatus, output: String)
    case notReady(program: String, output: String)
    case stillRunning(program: String, output: String)
    /// It ended with something other than success.
    case failed(command: String, status: ExitStatus, output: String)

    public var description: String {
        switch self {
        case .missing(let program):
            "\(program) is not installed: run `make deps` (or exclude its client class, see Tests/EndToEndTests/README.md)"
        case .notStarted(let program, let errno):
            "\(program) could not be started: errno \(errno)"
        case .endedEarly(let program, let status, let output):
            "\(program) ended with \(status) before it was ready:\n\(output)"
        case .notReady(let program, let output):
            "\(program) was not ready in time:\n\(output)"
        case .stillRunning(let program, let output):
            "\(program) did not end in time:\n\(output)"
        case .failed(let command, let status, let output):
            "`\(command)` ended with \(status):\n\(output)"
        }
    }
}
