internal import Metrics
internal import NIOConcurrencyHelpers
public import NIOCore
public import Threads

/// Checks passwords without letting strangers use up the machine.
///
/// Hashes run on a pool of threads of their own, a few at once, in turns between the addresses they are for; those of the
/// same password join one run. What was right is remembered for a while, what was wrong counts against the client's
/// address and the name it tried, up to where nothing more is looked at: not even what is remembered, unless it was right at
/// that address before. It lives as long as the process: what it remembers outlasts reloads, and follows from
/// the stored hash, so that a changed password is forgotten at once.
public final class PasswordVerifier: Sendable {
    public struct Limits: Sendable {
        /// Different passwords being checked or waiting for it.
        public var waiting = 64
        /// Of those, checks that run at once.
        public var atOnce = 2
        /// How long a right password is not hashed again.
        public var remembered: TimeAmount = .minutes(5)
        /// How long it is known to have been right, and not held up by others' wrong ones at the addresses where it was.
        public var known: TimeAmount = .hours(24)
        /// Guesses at its name from such an address that may be refused before it is held up there after all; one more in
        /// each tenth of ``recovery``.
        public var refusals = 1000
        /// Right passwords that are remembered, and addresses with names where they were.
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
        let attempt = LoginAttempt(fingerprint, credentials.username, address)
        let outcome =
            if let known = state.withLockedValue({ $0.known(attempt, now: now()) }) { known } else {
                await checked(attempt, credentials.password, hashed.password, isKnown: found != nil)
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

    private func checked(
        _ attempt: LoginAttempt, _ password: [UInt8], _ stored: PasswordHash, isKnown: Bool
    ) async -> Outcome {
        let turn = await withCheckedContinuation { waiter in
            if let turn = state.withLockedValue({ $0.enter(attempt, waiter, now: now()) }) {
                waiter.resume(returning: turn)
            }
        }
        guard case .check(let check) = turn else { return turn.outcome }
        // Other servers know it by these; what an unknown name stands for is among nobody's.
        let parts = [Array(attempt.login.name.value.utf8), password, Array(stored.text.utf8)]
        if await isRightElsewhere(parts), isKnown {
            Self.tell(state.withLockedValue { $0.settle(check, .right, now: now()) }, .right)
            return .right
        }
        let outcome = await hashed(check) {
            // The hash is computed for an unknown name too, and its result is of no consequence.
            stored.matches(password) && isKnown
        }
        if outcome == .right { await shared?.note(parts) }
        return outcome
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

    private func hashed(_ check: Verifications.Check, _ matches: @escaping @Sendable () -> Bool) async -> Outcome {
        await withCheckedContinuation { waiter in
            let turnedAway = state.withLockedValue {
                $0.enqueue(.init(check: check, matches: matches), waiter, now: now())
            }
            Self.tell(turnedAway, .busy)
            runNext()
        }.outcome
    }

    /// Running or waiting.
    var checksUnderWay: Int { state.withLockedValue { $0.count } }

    private func runNext() {
        guard let hash = state.withLockedValue({ $0.next() }) else { return }
        pool.submit { [self] in
            let outcome = hash.matches() ? Outcome.right : .wrong
            let waiting = state.withLockedValue { $0.leave(hash, outcome, now: now()) }
            if outcome == .right { Self.count("right") }
            Self.tell(waiting, outcome)
            runNext()
        }
    }

    private static func tell(_ waiters: [Verifications.Waiter], _ outcome: Outcome) {
        for waiter in waiters { waiter.resume(returning: .answer(outcome)) }
    }

    private static func count(_ result: String) {
        Counter(label: "entrepot_password_checks_total", dimensions: [("result", result)]).increment()
    }
}
