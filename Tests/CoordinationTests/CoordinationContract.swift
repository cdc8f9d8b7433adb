import Coordination
import Testing

/// What every ``Coordination`` must do. Each adapter's tests run all of it.
enum CoordinationContract: String, CaseIterable, Sendable {
    case aFreeLeaseIsGrantedAndAHeldOneIsNot
    case whoAsksAgainExtends
    case fencesGrow
    case aLeaseEndsByItself
    case onlyTheHolderRenewsAndReleases
    case ofManyWhoAskOneGets
    case valuesAreReadBackAndEnd
    case theFirstValueWinsWhereAsked
    case removingIsNoErrorWhereNothingIs
    case valuesAreBounded
    case countersAddUpAndEnd
    case kindsAndSpacesAreApart
    case anyNameAndAnyByteGoes

    private static let space = CoordinationKey.Space("test")
    private static let other = CoordinationKey.Space("other")
    private static let long = Duration.seconds(60)

    /// - Parameter pass: Lets time pass for the store.
    func check(_ store: any Coordination, pass: (Duration) async throws -> Void) async throws {
        let key = CoordinationKey(Self.space, "one")
        let (alice, bob) = (LeaseOwner(), LeaseOwner())
        switch self {
        case .aFreeLeaseIsGrantedAndAHeldOneIsNot:
            let lease = try await granted(store, key, alice, note: [7, 8])
            #expect(lease.key == key && lease.owner == alice)
            guard case .taken(let note, let left) = try await store.acquire(key, owner: bob, note: [], life: Self.long)
            else {
                Issue.record("granted twice")
                return
            }
            #expect(note == [7, 8])
            #expect(left > .zero && left <= Self.long)
            try await store.release(lease)
            _ = try await granted(store, key, bob)
        case .whoAsksAgainExtends:
            let first = try await granted(store, key, alice, life: .milliseconds(1500))
            #expect(try await granted(store, key, alice) == first)
            try await pass(.milliseconds(1600))
            #expect(try await store.renew(first, life: Self.long))
        case .fencesGrow:
            var last: UInt64 = 0
            for owner in [alice, bob, alice, LeaseOwner()] {
                let lease = try await granted(store, key, owner)
                #expect(lease.fence > last)
                last = lease.fence
                try await store.release(lease)
            }
        case .aLeaseEndsByItself:
            let lease = try await granted(store, key, alice, life: .milliseconds(50))
            try await pass(.milliseconds(200))
            let next = try await granted(store, key, bob)
            #expect(next.fence > lease.fence)
            #expect(try await store.renew(lease, life: Self.long) == false)
        case .onlyTheHolderRenewsAndReleases:
            let lease = try await granted(store, key, alice)
            let forged = Lease(key: key, owner: bob, fence: lease.fence)
            let old = Lease(key: key, owner: alice, fence: lease.fence - 1)
            for wrong in [forged, old] {
                #expect(try await store.renew(wrong, life: Self.long) == false)
                try await store.release(wrong)
            }
            #expect(try await store.renew(lease, life: Self.long))
        case .ofManyWhoAskOneGets:
            let winners = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<20 {
                    tasks.addTask {
                        let answer = try await store.acquire(key, owner: LeaseOwner(), note: [], life: Self.long)
                        if case .granted = answer { return true } else { return false }
                    }
                }
                return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        case .valuesAreReadBackAndEnd:
            #expect(try await store.value(key) == nil)
            #expect(try await store.store([1, 2], key, life: Self.long, .always))
            #expect(try await store.value(key) == [1, 2])
            #expect(try await store.store([3], key, life: .milliseconds(50), .always))
            try await pass(.milliseconds(200))
            #expect(try await store.value(key) == nil)
        case .theFirstValueWinsWhereAsked:
            #expect(try await store.store([1], key, life: .milliseconds(1500), .ifAbsent))
            #expect(try await store.store([2], key, life: Self.long, .ifAbsent) == false)
            #expect(try await store.value(key) == [1])
            try await pass(.milliseconds(1800))
            #expect(try await store.store([2], key, life: Self.long, .ifAbsent))
        case .removingIsNoErrorWhereNothingIs:
            try await store.remove(key)
            #expect(try await store.store([1], key, life: Self.long, .always))
            try await store.remove(key)
            #expect(try await store.value(key) == nil)
        case .valuesAreBounded:
            let largest = [UInt8](repeating: 5, count: CoordinationLimits.maxValue)
            #expect(try await store.store(largest, key, life: Self.long, .always))
            #expect(try await store.value(key) == largest)
            for wrong in [[], largest + [5]] {
                let error = await #expect(throws: CoordinationError.self) {
                    _ = try await store.store(wrong, key, life: Self.long, .always)
                }
                #expect(error?.code == .invalidValue)
            }
        case .countersAddUpAndEnd:
            #expect(try await store.add(2, to: key, life: .milliseconds(1500)) == 2)
            #expect(try await store.add(-5, to: key, life: Self.long) == -3)
            try await pass(.milliseconds(1800))
            #expect(try await store.add(1, to: key, life: Self.long) == 1)
        case .kindsAndSpacesAreApart:
            _ = try await granted(store, key, alice)
            #expect(try await store.value(key) == nil)
            #expect(try await store.store([1], key, life: Self.long, .always))
            #expect(try await store.add(1, to: key, life: Self.long) == 1)
            _ = try await granted(store, CoordinationKey(Self.other, "one"), bob)
            #expect(try await store.value(CoordinationKey(Self.other, "one")) == nil)
        case .anyNameAndAnyByteGoes:
            let value = (0...255).map { UInt8($0) }
            for name in ["", " ", "a\r\nDEL x\r\n", "\u{0}", "é", String(repeating: "x", count: 2000), "{a}*?[b]"] {
                let key = CoordinationKey(Self.space, name)
                #expect(try await store.store(value, key, life: Self.long, .always))
                #expect(try await store.value(key) == value)
                _ = try await granted(store, key, alice, note: value)
            }
        }
    }

    private func granted(
        _ store: any Coordination, _ key: CoordinationKey, _ owner: LeaseOwner, note: [UInt8] = [],
        life: Duration = long
    ) async throws -> Lease {
        guard case .granted(let lease) = try await store.acquire(key, owner: owner, note: note, life: life) else {
            throw CoordinationError(.busy, "\(key) is taken")
        }
        return lease
    }
}
