@testable import Access
import NIOConcurrencyHelpers
import NIOCore
import Testing
import Threads

/// Passwords checked for strangers.
@Suite(.timeLimit(.minutes(1))) struct PasswordVerifierTests {
    private let clock = NIOLockedValueBox(NIODeadline.uptimeNanoseconds(1_000_000_000_000))
    private let alice: User
    private let users: Users
    private let here = ClientAddress("192.0.2.1")

    init() throws {
        alice = try Checks.user("alice", PasswordHash(hashing: Array("open sesame".utf8), by: .argon2id))
        users = Users([alice])
    }

    private func verifier(
        _ pool: ThreadPool = .shared, _ change: (inout PasswordVerifier.Limits) -> Void = { _ in }
    ) -> PasswordVerifier {
        var limits = PasswordVerifier.Limits()
        change(&limits)
        return PasswordVerifier(pool: pool, limits: limits) { [clock] in clock.withLockedValue { $0 } }
    }

    private func pass(_ time: TimeAmount) { clock.withLockedValue { $0 = $0 + time } }

    private func attempt(
        _ verifier: PasswordVerifier, _ name: String, _ password: String, from address: ClientAddress? = nil,
        among users: Users? = nil
    ) async throws -> CredentialError? {
        do throws(CredentialError) {
            _ = try await verifier.user(
                try! Checks.credentials(name, password), among: users ?? self.users, from: address ?? here)
            return nil
        } catch {
            return error
        }
    }

    /// A pool whose one thread does nothing until the lock has the value 1.
    private func heldPool() -> (ThreadPool, ConditionLock<Int>) {
        let pool = ThreadPool(limit: 1, name: "test")
        return (pool, hold(pool))
    }

    private func hold(_ pool: ThreadPool) -> ConditionLock<Int> {
        let hold = ConditionLock(value: 0)
        pool.submit {
            hold.lock(whenValue: 1)
            hold.unlock()
        }
        return hold
    }

    /// What another server says.
    private final class Neighbour: SharedVerifications {
        let right = NIOLockedValueBox<Set<[[UInt8]]>>([])
        let asked = NIOLockedValueBox(0)

        func isRight(_ parts: [[UInt8]]) async -> Bool {
            asked.withLockedValue { $0 += 1 }
            return right.withLockedValue { $0.contains(parts) }
        }

        func note(_ parts: [[UInt8]]) async { _ = right.withLockedValue { $0.insert(parts) } }
    }

    @Test func `what one server has hashed another does not`() async throws {
        let neighbour = Neighbour()
        let (held, lock) = heldPool()
        let one = PasswordVerifier(pool: .shared, shared: neighbour)
        let other = PasswordVerifier(pool: held, shared: neighbour)
        #expect(try await attempt(one, "alice", "wrong") == .wrong)
        #expect(neighbour.right.withLockedValue { $0.isEmpty })
        #expect(try await attempt(one, "alice", "open sesame") == nil)
        #expect(neighbour.right.withLockedValue { $0.count } == 1)
        // Its only thread is held: it cannot hash.
        #expect(try await attempt(other, "alice", "open sesame") == nil)
        let asked = neighbour.asked.withLockedValue { $0 }
        #expect(try await attempt(other, "alice", "open sesame") == nil)
        #expect(neighbour.asked.withLockedValue { $0 } == asked)
        lock.lock()
        lock.unlock(withValue: 1)
        #expect(try await attempt(other, "alice", "wrong") == .wrong)
        // A name that nobody has is nobody's, whatever is said of it.
        neighbour.right.withLockedValue { right in
            right = Set(right.map { [Array("mallory".utf8), $0[1], $0[2]] })
        }
        #expect(try await attempt(other, "mallory", "open sesame") == .wrong)
    }

    @Test func `a right password gives its user, a wrong one and an unknown name look the same`() async throws {
        let verifier = verifier()
        #expect(
            try await verifier.user(Checks.credentials("alice", "open sesame"), among: users, from: here) == alice)
        #expect(try await attempt(verifier, "alice", "open sesam") == .wrong)
        #expect(try await attempt(verifier, "nobody", "open sesame") == .wrong)
        #expect(try await attempt(verifier, "alice", "") == .wrong)
    }

    @Test func `a right password is not hashed again for a while`() async throws {
        let pool = ThreadPool(limit: 1, name: "test")
        let verifier = verifier(pool) {
            $0.remembered = .seconds(60)
            $0.waiting = 1
        }
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        // Nothing can be hashed any more: the thread is held, and the only place to wait is taken.
        let hold = hold(pool)
        async let waiting = attempt(verifier, "alice", "guess")
        while verifier.checksUnderWay == 0 { await Task.yield() }
        pass(.seconds(59))
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        #expect(try await attempt(verifier, "alice", "open sesame!") == .busy)
        pass(.seconds(1))
        #expect(try await attempt(verifier, "alice", "open sesame") == .busy)
        hold.lock()
        hold.unlock(withValue: 1)
        #expect(try await waiting == .wrong)
    }

    @Test func `a changed password is forgotten at once, and so is a user who is gone`() async throws {
        let verifier = verifier()
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        let changed = Users([
            try Checks.user("alice", PasswordHash(hashing: Array("other".utf8), by: .argon2id))
        ])
        #expect(try await attempt(verifier, "alice", "open sesame", among: changed) == .wrong)
        #expect(try await attempt(verifier, "alice", "open sesame", among: Users()) == .wrong)
    }

    @Test func `wrong passwords from one address are slowed, right ones that are known are not`() async throws {
        let verifier = verifier {
            $0.failures = 3
            $0.recovery = .seconds(10)
        }
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        for number in 0..<3 { #expect(try await attempt(verifier, "alice", "guess \(number)") == .wrong) }
        #expect(try await attempt(verifier, "alice", "guess 3") == .slowed(retryAfter: 10))
        #expect(try await attempt(verifier, "bob", "guess 4") == .wrong)
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        pass(.seconds(4))
        #expect(try await attempt(verifier, "alice", "guess 5") == .slowed(retryAfter: 6))
        #expect(try await attempt(verifier, "alice", "guess 5", from: ClientAddress("192.0.2.2")) == .wrong)
        pass(.seconds(6))
        #expect(try await attempt(verifier, "alice", "guess 6") == .wrong)
        #expect(try await attempt(verifier, "alice", "guess 7") == .slowed(retryAfter: 10))
        pass(.seconds(30))
        for number in 0..<3 { #expect(try await attempt(verifier, "alice", "late \(number)") == .wrong) }
    }

    @Test func `who guesses one name's password locks out nobody else behind the address, and not its owner`()
        async throws
    {
        let verifier = verifier {
            $0.failures = 3
            $0.recovery = .seconds(10)
            $0.remembered = .seconds(60)
        }
        let bob = try Checks.user("bob", PasswordHash(hashing: Array("hello".utf8), by: .argon2id))
        let both = Users([alice, bob])
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
        pass(.seconds(120))
        for number in 0..<90 {
            _ = try await attempt(verifier, "alice", "guess \(number)", among: both)
            pass(.milliseconds(100))
        }
        #expect(try await attempt(verifier, "alice", "another", among: both) != .wrong)
        // She is known to have been right, though it is hashed again; he was never here.
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
        #expect(try await attempt(verifier, "bob", "hello", among: both) == nil)
    }

    private let elsewhere = ClientAddress("198.51.100.7")

    @Test func `who has guessed too often is not told of a right guess either, but where it was right before`()
        async throws
    {
        let verifier = verifier {
            $0.failures = 3
            $0.recovery = .seconds(10)
        }
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        for number in 0..<3 {
            #expect(try await attempt(verifier, "alice", "guess \(number)", from: elsewhere) == .wrong)
        }
        #expect(try await attempt(verifier, "alice", "open sesame", from: elsewhere) == .slowed(retryAfter: 10))
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        pass(.seconds(10))
        #expect(try await attempt(verifier, "alice", "open sesame", from: elsewhere) == nil)
        // It is known to be right there from now on.
        for number in 0..<9 { _ = try await attempt(verifier, "alice", "more \(number)", from: elsewhere) }
        #expect(try await attempt(verifier, "alice", "guess", from: elsewhere) == .slowed(retryAfter: 10))
        #expect(try await attempt(verifier, "alice", "open sesame", from: elsewhere) == nil)
    }

    @Test func `a guess does not join the check of a right password that its owner waits for`() async throws {
        let (pool, hold) = heldPool()
        let other = verifier(pool) { $0.failures = 1 }
        async let guess = attempt(other, "alice", "guess", from: elsewhere)
        while other.checksUnderWay == 0 { await Task.yield() }
        async let owner = attempt(other, "alice", "open sesame")
        while other.checksUnderWay < 2 { await Task.yield() }
        #expect(try await attempt(other, "alice", "open sesame", from: elsewhere) == .slowed(retryAfter: 10))
        // The owner's own requests do, though they are many and none may fail any more.
        async let again = attempt(other, "alice", "open sesame")
        hold.lock()
        hold.unlock(withValue: 1)
        #expect(try await guess == .wrong)
        #expect(try await owner == nil)
        #expect(try await again == nil)
    }

    @Test func `who has guessed too often learns nothing of what other servers know`() async throws {
        let neighbour = Neighbour()
        let clock = clock
        var limits = PasswordVerifier.Limits()
        limits.failures = 2
        let verifier = PasswordVerifier(pool: .shared, limits: limits, shared: neighbour) {
            clock.withLockedValue { $0 }
        }
        await neighbour.note([Array("alice".utf8), Array("open sesame".utf8), Array(alice.password.text.utf8)])
        for number in 0..<2 {
            #expect(try await attempt(verifier, "alice", "guess \(number)", from: elsewhere) == .wrong)
        }
        let asked = neighbour.asked.withLockedValue { $0 }
        #expect(try await attempt(verifier, "alice", "open sesame", from: elsewhere) == .slowed(retryAfter: 10))
        #expect(neighbour.asked.withLockedValue { $0 } == asked)
        #expect(try await attempt(verifier, "alice", "open sesame") == nil)
        #expect(try await attempt(verifier, "alice", "open sesame", from: elsewhere) == .slowed(retryAfter: 10))
        #expect(neighbour.asked.withLockedValue { $0 } == asked + 1)
    }

    @Test func `where a password was right, so many different guesses are refused and no more`() async throws {
        let verifier = verifier {
            $0.failures = 1
            $0.recovery = .seconds(100)
            $0.refusals = 3
        }
        let bob = try Checks.user("bob", PasswordHash(hashing: Array("hello".utf8), by: .argon2id))
        let both = Users([alice, bob])
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
        #expect(try await attempt(verifier, "bob", "hello", among: both) == nil)
        #expect(try await attempt(verifier, "alice", "guess", among: both) == .wrong)
        // Left with an old password, again and again: one guess.
        for _ in 0..<9 { #expect(try await attempt(verifier, "alice", "old", among: both) == .slowed(retryAfter: 100)) }
        _ = try await attempt(verifier, "alice", "older", among: both)
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
        _ = try await attempt(verifier, "alice", "oldest", among: both)
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == .slowed(retryAfter: 100))
        // Of others at the address nothing was guessed.
        #expect(try await attempt(verifier, "bob", "hello", among: both) == nil)
        pass(.seconds(10))
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
        _ = try await attempt(verifier, "alice", "another", among: both)
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == .slowed(retryAfter: 90))
        pass(.seconds(90))
        #expect(try await attempt(verifier, "alice", "open sesame", among: both) == nil)
    }

    @Test func `places where passwords were right are bounded, and the latest is kept`() async throws {
        let verifier = verifier {
            $0.failures = 1
            $0.entries = 4
        }
        for last in 1...9 {
            let address = ClientAddress("192.0.2.\(last)")
            #expect(try await attempt(verifier, "alice", "open sesame", from: address) == nil)
            #expect(try await attempt(verifier, "alice", "guess", from: address) == .wrong)
            #expect(try await attempt(verifier, "alice", "open sesame", from: address) == nil)
        }
        var kept = 0
        for last in 1...9
        where try await attempt(verifier, "alice", "open sesame", from: ClientAddress("192.0.2.\(last)")) == nil {
            kept += 1
        }
        #expect((1...4).contains(kept))
    }

    @Test func `who tries many names is slowed as well, and who has many IPv6 networks`() async throws {
        let verifier = verifier { $0.failures = 1 }
        for number in 0..<5 { #expect(try await attempt(verifier, "name\(number)", "x") == .wrong) }
        #expect(try await attempt(verifier, "name5", "x") == .slowed(retryAfter: 2))
        for number in 0..<20 {
            let address = ClientAddress("2001:db8:0:\(String(number, radix: 16))::1")
            #expect(try await attempt(verifier, "name", "x", from: address) == .wrong)
        }
        #expect(
            try await attempt(verifier, "name", "x", from: ClientAddress("2001:db8:0:ff::1"))
                == .slowed(retryAfter: 1))
        #expect(try await attempt(verifier, "name", "x", from: ClientAddress("2001:db8:1::1")) == .wrong)
    }

    @Test func `addresses take turns, and who has the most waiting makes room`() async throws {
        let (pool, hold) = heldPool()
        let verifier = verifier(pool) {
            $0.waiting = 4
            $0.atOnce = 1
            $0.failures = 100
        }
        let order = NIOLockedValueBox<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            func add(_ name: String, _ address: String) async throws {
                let before = verifier.checksUnderWay
                group.addTask {
                    let error = try await attempt(verifier, name, "x", from: ClientAddress(address))
                    order.withLockedValue { $0.append(error == .busy ? "\(name) busy" : name) }
                }
                while verifier.checksUnderWay == before,
                    !order.withLockedValue({ $0.contains { $0.hasSuffix("busy") } })
                { await Task.yield() }
            }
            for number in 1...4 { try await add("a\(number)", "192.0.2.1") }
            try await add("b1", "192.0.2.2")
            while order.withLockedValue({ $0 }) != ["a4 busy"] { await Task.yield() }
            while verifier.checksUnderWay < 4 { await Task.yield() }
            hold.lock()
            hold.unlock(withValue: 1)
            try await group.waitForAll()
        }
        // The first runs already, the second was first in the queue of its address; then it is the other's turn.
        #expect(order.withLockedValue { $0.firstIndex(of: "b1") ?? 9 } <= 3)
        #expect(order.withLockedValue { Set($0) } == ["a4 busy", "a1", "a2", "a3", "b1"])
    }

    @Test func `right passwords do not use up what is allowed to fail`() async throws {
        let verifier = verifier {
            $0.failures = 2
            $0.remembered = .nanoseconds(0)
        }
        for _ in 0..<5 { #expect(try await attempt(verifier, "alice", "open sesame") == nil) }
    }

    @Test func `one host's many IPv6 addresses are one`() async throws {
        let verifier = verifier { $0.failures = 1 }
        #expect(try await attempt(verifier, "alice", "a", from: ClientAddress("2001:db8::1")) == .wrong)
        #expect(
            try await attempt(verifier, "alice", "b", from: ClientAddress("2001:db8::ffff:2"))
                == .slowed(retryAfter: 10))
        #expect(try await attempt(verifier, "alice", "c", from: ClientAddress("2001:db8:0:1::1")) == .wrong)
    }

    @Test func `the table of addresses is bounded`() async throws {
        let verifier = verifier {
            $0.failures = 1
            $0.addresses = 2
        }
        for last in 1...3 {
            pass(.seconds(1))
            #expect(try await attempt(verifier, "alice", "x\(last)", from: ClientAddress("192.0.2.\(last)")) == .wrong)
        }
        // The first was forgotten for the third, the second was not.
        #expect(try await attempt(verifier, "alice", "y", from: ClientAddress("192.0.2.1")) == .wrong)
        #expect(try await attempt(verifier, "alice", "y", from: ClientAddress("192.0.2.3")) == .slowed(retryAfter: 10))
    }

    @Test func `many at once of the same password are one check`() async throws {
        let (pool, hold) = heldPool()
        let verifier = verifier(pool) { $0.waiting = 1 }
        try await withThrowingTaskGroup(of: CredentialError?.self) { group in
            for _ in 0..<40 { group.addTask { try await attempt(verifier, "alice", "open sesame") } }
            hold.lock()
            hold.unlock(withValue: 1)
            // Were they several, all but one would have been turned away.
            for try await error in group { #expect(error == nil) }
        }
    }

    @Test func `no more wait than may`() async throws {
        let (pool, hold) = heldPool()
        let verifier = verifier(pool) { $0.waiting = 2 }
        let outcomes = try await withThrowingTaskGroup(of: CredentialError?.self) { group in
            for number in 0..<3 {
                group.addTask { try await attempt(verifier, "alice", "guess \(number)") }
            }
            // Two wait in the pool, so the first to answer is the one turned away.
            let first = try #require(try await group.next())
            hold.lock()
            hold.unlock(withValue: 1)
            return try await group.reduce(into: [first]) { $0.append($1) }
        }
        #expect(outcomes == [.busy, .wrong, .wrong])
    }
}
