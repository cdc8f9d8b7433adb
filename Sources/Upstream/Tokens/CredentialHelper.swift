import FoundationEssentials
import NIOConcurrencyHelpers
import NIOPosix

/// Credentials from a program that speaks Docker's credential-helper protocol: the server's URL in, a JSON of user name
/// and secret out. What it prints reaches neither log nor error.
///
/// It is run when credentials are first needed, when they were refused, and every hour; once for all who wait.
public final class CredentialHelper: CredentialSource {
    private typealias Outcome = Result<RegistryCredentials, UpstreamError>

    private struct State {
        var credentials: RegistryCredentials?
        var time: Int64 = 0
        var isRunning = false
        var waiters: [CheckedContinuation<Outcome, Never>] = []
    }

    /// Seconds.
    private static let lifetime: Int64 = 3600
    /// Seconds in which a refusal does not run it again: an upstream that refuses everything must not start programs at
    /// the rate of requests.
    private static let shortestInterval: Int64 = 30
    private static let longestAnswer = 64 << 10

    private let program: String
    private let server: String
    private let timeLimit: Duration
    private let now: @Sendable () -> Int64
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - program: A path, or the name of a program on the search path.
    ///   - server: What it is asked for.
    ///   - now: Seconds since 1970.
    public init(
        program: String, server: String, timeLimit: Duration = .seconds(5),
        now: @escaping @Sendable () -> Int64 = SystemTime.seconds
    ) {
        self.program = program
        self.server = server
        self.timeLimit = timeLimit
        self.now = now
    }

    public func credentials() async throws(UpstreamError) -> RegistryCredentials? {
        let now = now()
        let known = state.withLockedValue { state in
            (0..<Self.lifetime).contains(now - state.time) ? state.credentials : nil
        }
        if let known { return known }
        return try await run()
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
        let isMine = state.withLockedValue { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isMine {
            let outcome = await ask()
            let now = now()
            let waiters = state.withLockedValue { state in
                if case .success(let credentials) = outcome { (state.credentials, state.time) = (credentials, now) }
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
                return state.credentials.map { .success($0) } ?? .failure(failure("failed"))
            }
            if let landed { continuation.resume(returning: landed) }
        }
        return try outcome.get()
    }

    private func ask() async -> Outcome {
        let (program, server, timeLimit) = (program, server, timeLimit)
        let result = try? await NIOThreadPool.singleton.runIfActive {
            ChildProcess.output(
                program, ["get"], input: Array("\(server)\n".utf8), limit: Self.longestAnswer, timeLimit: timeLimit)
        }
        switch result {
        case .success(let bytes)?:
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
                return .failure(failure("printed no credentials"))
            }
            // Docker's word for a token that stands for a login, to be exchanged in ways of its own.
            guard answer.Username != "<token>" else {
                return .failure(failure("gave an identity token, which is not supported; use a user name and password"))
            }
            return .success(RegistryCredentials(username: answer.Username, password: answer.Secret))
        case .failure(let error)?:
            return .failure(failure(error.message))
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
