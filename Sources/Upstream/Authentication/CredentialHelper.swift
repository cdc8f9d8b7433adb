import ChildProcesses
import FoundationEssentials
import NIOConcurrencyHelpers
import Threads

/// Credentials from a program that speaks Docker's credential-helper protocol: the server's URL in, a JSON of user name
/// and secret out. What it prints reaches neither log nor error.
///
/// It is run when credentials are first needed, when they were refused, and every hour; once for all who wait. After a
/// failure it is left alone for a while that grows, and what it said before serves until the upstream refuses it.
public final class CredentialHelper: CredentialSource {
    private typealias Outcome = Result<RegistryCredentials, UpstreamError>

    private struct State {
        var credentials: RegistryCredentials?
        /// When they were given.
        var time: Int64 = 0
        /// The last run's, if it failed, and when the next may be.
        var failure: (error: UpstreamError, since: Int64, pause: Int64)?
        var isRunning = false
        var waiters: [CheckedContinuation<Outcome, Never>] = []
    }

    /// Seconds.
    private static let lifetime: Int64 = 3600
    /// Seconds in which a refusal does not run it again: an upstream that refuses everything must not start programs at
    /// the rate of requests.
    private static let shortestInterval: Int64 = 30
    /// Seconds after a failure; twice as many after each further one.
    private static let shortestPause: Int64 = 1
    private static let longestPause: Int64 = 60
    private static let longestAnswer = 64 << 10

    private let program: String
    private let server: String
    private let timeLimit: Duration
    private let environment: [String: String]
    private let now: @Sendable () -> Int64
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - program: A path, or the name of a program on the search path.
    ///   - server: What it is asked for.
    ///   - environment: All that it gets to see.
    ///   - now: Seconds since 1970.
    public init(
        program: String, server: String, environment: [String: String], timeLimit: Duration = .seconds(5),
        now: @escaping @Sendable () -> Int64 = SystemTime.seconds
    ) {
        self.program = program
        self.server = server
        self.timeLimit = timeLimit
        self.environment = environment
        self.now = now
    }

    public func credentials() async throws(UpstreamError) -> RegistryCredentials? {
        let now = now()
        let (held, isFresh) = state.withLockedValue { state in
            (state.credentials, (0..<Self.lifetime).contains(now - state.time))
        }
        guard let held else { return try await run() }
        if isFresh { return held }
        do throws(UpstreamError) {
            return try await run()
        } catch {
            // Old, but nobody has refused them.
            return held
        }
    }

    public func renewed(after refused: RegistryCredentials?) async throws(UpstreamError) -> RegistryCredentials? {
        let now = now()
        let (current, isRecent) = state.withLockedValue { state in
            (state.credentials, (0..<Self.shortestInterval).contains(now - state.time))
        }
        if let current, current != refused { return current }
        if isRecent { return nil }
        let fresh = try await run()
        return fresh == refused ? nil : fresh
    }

    /// Runs the program, or waits for the one that is running.
    private func run() async throws(UpstreamError) -> RegistryCredentials {
        let start = now()
        let (isMine, resting) = state.withLockedValue { state -> (Bool, UpstreamError?) in
            if !state.isRunning, let failure = state.failure, (0..<failure.pause).contains(start - failure.since) {
                return (false, failure.error)
            }
            defer { state.isRunning = true }
            return (!state.isRunning, nil)
        }
        if let resting { throw resting }
        if isMine {
            let outcome = await ask()
            let now = now()
            let waiters = state.withLockedValue { state in
                switch outcome {
                case .success(let credentials):
                    (state.credentials, state.time, state.failure) = (credentials, now, nil)
                case .failure(let error):
                    let pause = min(state.failure.map { $0.pause * 2 } ?? Self.shortestPause, Self.longestPause)
                    state.failure = (error, now, pause)
                }
                defer { state.waiters = [] }
                state.isRunning = false
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: outcome) }
            return try outcome.get()
        }
        let outcome: Outcome = await withCheckedContinuation { continuation in
            let landed = state.withLockedValue { state -> Outcome? in
                guard !state.isRunning else {
                    state.waiters.append(continuation)
                    return nil
                }
                if let failure = state.failure { return .failure(failure.error) }
                return state.credentials.map { .success($0) } ?? .failure(failure("failed"))
            }
            if let landed { continuation.resume(returning: landed) }
        }
        return try outcome.get()
    }

    private func ask() async -> Outcome {
        let (program, server, timeLimit, environment) = (program, server, timeLimit, environment)
        // A thread of its own, for as long as it takes: those of the shared pool are for work that does not wait.
        let pool = ThreadPool(limit: 1, name: "helper", patience: 0)
        let result = try? await pool.run {
            ChildProcess.output(
                program, ["get"], environment: environment, input: Array("\(server)\n".utf8),
                limit: Self.longestAnswer, timeLimit: timeLimit)
        }
        switch result {
        case .success(let bytes)?:
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
                return .failure(failure("printed no credentials"))
            }
            // Docker's word for a token that stands for a login.
            return .success(
                answer.Username == "<token>"
                    ? RegistryCredentials(identityToken: answer.Secret)
                    : RegistryCredentials(username: answer.Username, password: answer.Secret))
        case .failure(let problem)?:
            return .failure(failure(problem.text))
        case nil:
            return .failure(failure("could not be run"))
        }
    }

    private func failure(_ what: String) -> UpstreamError {
        UpstreamError(.unauthorized, "the credential helper for \(server) \(what)")
    }

    private struct Answer: Decodable {
        let Username: String
        let Secret: String
    }
}

extension ChildProcessError {
    fileprivate var text: String {
        switch self {
        case .noPipe: "has no pipe: too many files are open"
        case .notStarted: "cannot be started: check that it is installed and may be run"
        case .unreadable: "could not be read"
        case .tooMuchOutput: "printed too much"
        case .tooSlow: "did not answer in time"
        case .failed: "failed"
        }
    }
}
