internal import Coordination
internal import NIOConcurrencyHelpers
internal import Threads

/// A few connections, and the threads that wait on them. Connections are made when needed and kept while they work.
final class RedisPool: Sendable {
    private struct State {
        var idle: [RedisConnection] = []
        var breaker = RedisBreaker()
    }

    /// What a command is for, and with that how it waits.
    enum Errand {
        case question
        /// Extends what is held: behind nothing else, or it comes when that is lost.
        case renewal
        /// Gives back what others wait for: sent however long it had to wait.
        case release
    }

    private let settings: RedisSettings
    private let threads: ThreadPool
    private let renewals = ThreadPool(limit: 1, name: "redis renewals")
    private let state = NIOLockedValueBox(State())
    private let now: @Sendable () -> Duration

    init(_ settings: RedisSettings, now: @escaping @Sendable () -> Duration) {
        self.settings = settings
        self.now = now
        threads = ThreadPool(limit: settings.connections, name: "redis")
    }

    /// Whether the last who asked got no answer.
    var isDown: Bool { state.withLockedValue { $0.breaker.isOpen } }

    /// Sends a command; a connection that turns out to have been closed since its last use is replaced once.
    func send(
        _ arguments: [RedisArgument], _ errand: Errand = .question
    ) async throws(CoordinationError) -> RedisReply {
        let asked = now()
        let admission = state.withLockedValue { $0.breaker.admission(now: asked) }
        guard admission != .refused else { throw Self.leftAlone }
        let threads = errand == .renewal ? renewals : threads
        let result: Result<RedisReply, CoordinationError>
        do {
            result = try await threads.run { [self] in
                if let refusal = refusal(errand, admission, since: asked) { return .failure(refusal) }
                return sendBlocking(arguments)
            }
        } catch {
            if admission == .probe { state.withLockedValue { $0.breaker.abandoned() } }
            throw CoordinationError(.unavailable, "the request was cancelled", cause: error)
        }
        return try result.get()
    }

    /// Why a command that has waited for a thread is not sent any more: those before it may have found that nobody answers, or
    /// taken so long that whoever asks had better go on alone.
    private func refusal(
        _ errand: Errand, _ admission: RedisBreaker.Admission, since asked: Duration
    ) -> CoordinationError? {
        state.withLockedValue { state in
            if admission == .ordinary, state.breaker.isOpen { return Self.leftAlone }
            guard errand != .release, now() - asked > settings.commandTimeout else { return nil }
            if admission == .probe { state.breaker.abandoned() }
            return Self.tooBusy
        }
    }

    private func sendBlocking(_ arguments: [RedisArgument]) -> Result<RedisReply, CoordinationError> {
        let held = state.withLockedValue { $0.idle.popLast() }
        var outcome = held.map { attempt(arguments, on: $0) }
        // Idle connections are closed by servers and firewalls: not a failure yet, if it was found at once.
        if case .failure(let error)? = outcome, error.code == .unavailable, held?.wasClosed == true { outcome = nil }
        let result = outcome ?? fresh().flatMap { attempt(arguments, on: $0) }
        state.withLockedValue { state in
            if case .failure(let error) = result, error.code == .unavailable {
                state.breaker.failed(now: now(), jitter: .random(in: 0.5...1.5))
                state.idle = []
            } else {
                state.breaker.succeeded()
            }
        }
        return result
    }

    private func attempt(
        _ arguments: [RedisArgument], on connection: RedisConnection
    ) -> Result<RedisReply, CoordinationError> {
        let result: Result<RedisReply, CoordinationError>
        do throws(CoordinationError) {
            result = .success(try connection.send(arguments))
        } catch {
            result = .failure(error)
        }
        if !connection.isBroken { state.withLockedValue { $0.idle.append(connection) } }
        return result
    }

    private func fresh() -> Result<RedisConnection, CoordinationError> {
        do throws(CoordinationError) {
            switch settings.location {
            case .server(let address): return .success(try connect(address))
            case .sentinels(let sentinels, let master): return .success(try connect(master, of: sentinels))
            }
        } catch {
            return .failure(error)
        }
    }

    private func connect(_ address: RedisAddress) throws(CoordinationError) -> RedisConnection {
        let connection = try RedisConnection(
            address, connectTimeout: settings.connectTimeout, commandTimeout: settings.commandTimeout)
        if let password = settings.password?() {
            _ = try connection.send(
                ["AUTH"] + (settings.username.map { [RedisArgument($0)] } ?? []) + [RedisArgument(password)])
        }
        if settings.database != 0 { _ = try connection.send(["SELECT", RedisArgument(settings.database)]) }
        return connection
    }

    /// Sentinels are asked in turn; the first that knows the master is believed, if that one says so too.
    private func connect(
        _ master: String, of sentinels: [RedisAddress]
    ) throws(CoordinationError) -> RedisConnection {
        var last = CoordinationError(.unavailable, "no sentinel knows a master called \(master)")
        for sentinel in sentinels {
            do throws(CoordinationError) {
                let asked = try RedisConnection(
                    sentinel, connectTimeout: settings.connectTimeout, commandTimeout: settings.commandTimeout)
                let answer = try asked.send(["SENTINEL", "get-master-addr-by-name", RedisArgument(master)])
                guard case .array(let parts) = answer, parts.count == 2, case .bytes(let host) = parts[0],
                    case .bytes(let port) = parts[1], let number = UInt16(String(decoding: port, as: UTF8.self))
                else { continue }
                let connection = try connect(.tcp(host: String(decoding: host, as: UTF8.self), port: number))
                guard case .array(let role) = try connection.send(["ROLE"]), role.first == .bytes(Array("master".utf8))
                else {
                    last = CoordinationError(.unavailable, "\(connection.address) is not the master it was said to be")
                    continue
                }
                return connection
            } catch {
                last = error
            }
        }
        throw last
    }

    private static let tooBusy = CoordinationError(
        .unavailable, "Redis is too slow for what it is asked; see timeout")
    private static let leftAlone = CoordinationError(
        .unavailable, "Redis did not answer a moment ago and is asked again soon")
}
