internal import Metrics
internal import NIOConcurrencyHelpers
public import NIOCore
public import Threads

/// Checks passwords without letting strangers use up the machine.
///
/// Hashes run on a pool of threads of their own, a few at once, in turns between the addresses they are for; those of the
/// same password join one run. What was right is remembered for a while, what was wrong counts against the client's
/// address and the name it tried. It lives as long as the process: what it remembers outlasts reloads, and follows from
/// the stored hash, so that a changed password is forgotten at once.
public final class PasswordVerifier: Sendable {
    public struct Limits: Sendable {
        /// Different passwords being checked or waiting for it.
        public var waiting = 64
        /// Of those, checks that run at once.
        public var atOnce = 2
        /// How long a right password is not hashed again.
        public var remembered: TimeAmount = .minutes(5)
        /// How long it is known to have been right, and not held up by others' wrong ones.
        public var known: TimeAmount = .hours(24)
        /// Right passwords that are remembered.
        public var entries = 10_000
        /// Wrong passwords for one name from one address that are checked without delay; five times as many for all
        /// names, and twenty times for all addresses of an IPv6 /48.
        public var failures = 10
        /// After those, one more is checked in each such interval; five and twenty times as often.
        public var recovery: TimeAmount = .seconds(10)
        /// Addresses, and names with their addresses, whose failures are counted.
        public var addresses = 10_000

        public init() {}
    }

    enum Outcome: Sendable, Equatable {
        case right, wrong, busy
        case slowed(TimeAmount)
    }

    private let pool: ThreadPool
    private let now: @Sendable () -> NIODeadline
    private let key = Fingerprint.Key()
    private let state: NIOLockedValueBox<Verifications>
    private let shared: (any SharedVerifications)?
    /// Places for questions to other servers' knowledge. Who gets none is hashed: a flood of wrong passwords is kept from it.
    private let questions = NIOLockedValueBox(0)
    private static let mostQuestions = 16

    /// - Parameters:
    ///   - pool: Running. Its threads are the number of hashes at once, each with up to 256 MiB.
    ///   - shared: Nil where this server is alone.
    ///   - now: The clock.
    public init(
        pool: ThreadPool, limits: Limits = Limits(), shared: (any SharedVerifications)? = nil,
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        self.pool = pool
        self.shared = shared
        self.now = now
        state = NIOLockedValueBox(Verifications(limits))
    }

    /// The user whose name and password these are.
    ///
    /// - Parameter address: Where they came from, for counting failures.
    /// - Throws: ``CredentialError/wrong``, in the same time whether there is such a user or not;
    ///   ``CredentialError/slowed(retryAfter:)`` and ``CredentialError/busy`` without having looked at them.
    public func user(
        _ credentials: BasicCredentials, among users: Users, from address: ClientAddress?
    ) async throws(CredentialError) -> User {
        let found = users[credentials.username]
        let name = Array(credentials.username.value.utf8)
        guard let hashed = found ?? users.standIn(key.fingerprint([name]).number) else { throw .wrong }
        let fingerprint = key.fingerprint([
            name, credentials.password, Array(hashed.password.text.utf8), [found == nil ? 0 : 1],
        ])
        let password = credentials.password
        let isKnown = found != nil
        // Other servers know it by these; what an unknown name stands for is among nobody's.
        let parts = [name, password, Array(hashed.password.text.utf8)]
        if !state.withLockedValue({ $0.remembers(fingerprint, now: now()) }), await isRightElsewhere(parts), isKnown {
            state.withLockedValue { $0.remember(fingerprint, now: now()) }
        }
        let outcome = await outcome(fingerprint, credentials.username, address, parts) {
            // The hash is computed for an unknown name too, and its result is of no consequence.
            hashed.password.matches(password) && isKnown
        }
        switch outcome {
        case .right:
            guard let found else { throw .wrong }
            return found
        case .wrong:
            Self.count("wrong")
            throw .wrong
        case .busy:
            Self.count("busy")
            throw .busy
        case .slowed(let time):
            Self.count("slowed")
            throw .slowed(retryAfter: max(1, Int((time.nanoseconds + 999_999_999) / 1_000_000_000)))
        }
    }

    private func isRightElsewhere(_ parts: [[UInt8]]) async -> Bool {
        guard let shared else { return false }
        let mayAsk = questions.withLockedValue { count in
            guard count < Self.mostQuestions else { return false }
            count += 1
            return true
        }
        guard mayAsk else { return false }
        defer { questions.withLockedValue { $0 -= 1 } }
        return await shared.isRight(parts)
    }

    private func outcome(
        _ fingerprint: Fingerprint, _ name: Username, _ address: ClientAddress?, _ parts: [[UInt8]],
        matches: @escaping @Sendable () -> Bool
    ) async -> Outcome {
        if state.withLockedValue({ $0.remembers(fingerprint, now: now()) }) { return .right }
        let outcome = await hashed(fingerprint, name, address, matches)
        // Once, however many have waited for it.
        if outcome == .right, let shared, state.withLockedValue({ $0.takeNews(fingerprint) }) {
            await shared.note(parts)
        }
        return outcome
    }

    private func hashed(
        _ fingerprint: Fingerprint, _ name: Username, _ address: ClientAddress?,
        _ matches: @escaping @Sendable () -> Bool
    ) async -> Outcome {
        await withCheckedContinuation { continuation in
            let entry = state.withLockedValue {
                $0.enter(fingerprint, name, address, continuation, now: now(), matches: matches)
            }
            switch entry {
            case .answer(let outcome): continuation.resume(returning: outcome)
            case .joined: break
            case .inTheirPlace(let waiters): for waiter in waiters { waiter.resume(returning: .busy) }
            }
            runNext()
        }
    }

    /// Running or waiting.
    var checksUnderWay: Int { state.withLockedValue { $0.count } }

    private func runNext() {
        guard let check = state.withLockedValue({ $0.next() }) else { return }
        pool.submit { [self] in
            let outcome = check.matches() ? Outcome.right : .wrong
            let waiting = state.withLockedValue { $0.leave(check, outcome, now: now()) }
            if outcome == .right { Self.count("right") }
            for continuation in waiting { continuation.resume(returning: outcome) }
            runNext()
        }
    }

    private static func count(_ result: String) {
        Counter(label: "entrepot_password_checks_total", dimensions: [("result", result)]).increment()
    }
}
