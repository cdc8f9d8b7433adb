import Access
@testable import Cluster
import Coordination
@testable import Upstream
import Testing

@Suite struct SharedValuesTests {
    private static func replica(_ store: any Coordination, _ secret: String? = "one secret") -> Replica {
        Replica(values: SwitchedCoordination(store), secret: secret.map { ClusterSecret($0) })
    }

    @Test func aTokenIsFoundByWhoKnowsTheSecretAndItsName() async {
        let store = MemoryCoordination()
        let name = ["https", "registry.example", "user", "password", "repository:x:pull"]
        let one = SealedTokens(Self.replica(store), now: { 1000 })
        await one.keep(SharedToken(text: "a-token", expiry: 1100), name)
        #expect(await SealedTokens(Self.replica(store), now: { 1000 }).token(name)?.text == "a-token")
        #expect(await SealedTokens(Self.replica(store, "another"), now: { 1000 }).token(name) == nil)
        #expect(await SealedTokens(Self.replica(store, nil), now: { 1000 }).token(name) == nil)
        #expect(await one.token(name.dropLast() + ["repository:x:push"]) == nil)
        // One that is over is not kept.
        await one.keep(SharedToken(text: "old", expiry: 1000), ["x"])
        #expect(await one.token(["x"]) == nil)
    }

    @Test func anotherReplicasTokenIsUsedInsteadOfFetchingOne() async throws {
        let store = MemoryCoordination()
        func cache() -> TokenCache {
            TokenCache(shared: SealedTokens(Self.replica(store), now: { 1000 }), now: { 1000 })
        }
        let url = try #require(AbsoluteURL("https://registry.example/token"))
        let key = TokenCache.Key(upstream: url.origin, credentials: nil, clientIdentity: nil, scope: "x")
        let issuer = UpstreamTokenIssuer(realm: url, service: nil)
        let first = try await cache().token(key, from: issuer) { () async throws(UpstreamError) in
            IssuedToken(text: "one", lifetime: 300)
        }
        #expect(first.text == "one")
        let other = cache()
        let second = try await other.token(key, from: issuer) { () async throws(UpstreamError) in
            IssuedToken(text: "two", lifetime: 300)
        }
        #expect(second.text == "one")
        // Unless the upstream does not take it.
        let third = try await other.token(key, from: issuer, refused: second) { () async throws(UpstreamError) in
            IssuedToken(text: "three", lifetime: 300)
        }
        #expect(third.text == "three")
    }

    @Test func aLimitThatOneRanIntoIsKeptByAll() async throws {
        let store = MemoryCoordination()
        let (one, two) = (RateBudgets(), RateBudgets())
        let exchanges = [one, two].map { BudgetExchange(Self.replica(store), $0, now: { 1000 }) }
        let (own, other) = (one.budget(name: "x", account: nil), two.budget(name: "x", account: nil))
        own.note(.init(limit: 100, remaining: 7, window: 60, time: 999))
        own.refused(.manifests, retryAfter: 30, now: 1000)
        let name = try #require(one.all.first?.name)
        #expect(name == two.all.first?.name)
        let told = await exchanges[0].exchange(name, own, nil)
        #expect(other.wait(now: 1000) == 0)
        _ = await exchanges[1].exchange(name, other, nil)
        #expect(other.wait(now: 1000) == 30)
        #expect(other.reading?.remaining == 7)
        // What is known already is not told again, nor what the future says believed.
        #expect(await exchanges[0].exchange(name, own, told) == told)
        var future = try #require(own.state)
        future.time = 5000
        other.take(future, now: 1000)
        #expect(other.state?.time == 1000)
    }

    @Test func aPasswordThatWasRightIsKnownToWhoKnowsTheSecretAndIsGivenTheSame() async throws {
        let store = MemoryCoordination()
        let parts = ["alice", "open sesame", "$argon2id$stored"].map { Array($0.utf8) }
        func passwords(_ secret: String? = "one secret", at time: Int64 = 1000) -> VerifiedPasswords {
            VerifiedPasswords(Self.replica(store, secret), now: { time })
        }
        await passwords(nil).note(parts)
        #expect(await !passwords().isRight(parts))
        await passwords().note(parts)
        #expect(await passwords(at: 1299).isRight(parts))
        #expect(await !passwords(at: 1300).isRight(parts))
        // Nor is one believed that is said to hold for years.
        #expect(await !passwords(at: 0).isRight(parts))
        #expect(await !passwords("another").isRight(parts))
        #expect(await !passwords(nil).isRight(parts))
        for index in parts.indices {
            var other = parts
            other[index].append(0)
            #expect(await !passwords().isRight(other))
        }
        // The boundaries between them count.
        #expect(await !passwords().isRight([parts[0] + parts[1], [], parts[2]]))
    }

    @Test func whatIsInTheStoreOfPasswordsIsNotBelievedWithoutTheSecret() async throws {
        let store = MemoryCoordination()
        let parts = ["alice", "guess", "hash"].map { Array($0.utf8) }
        let secret = ClusterSecret("one secret")
        let name = secret.name(of: [Array("password".utf8)] + parts)
        let passwords = VerifiedPasswords(Self.replica(store), now: { 1000 })
        for value in ["1299", "yes", String(repeating: "x", count: 60)] {
            _ = try await store.store(Array(value.utf8), CoordinationKey(.password, name), life: .seconds(60), .always)
            #expect(await !passwords.isRight(parts))
        }
        // One that was sealed for another password.
        let sealed = try #require(secret.seal(Array("1299".utf8), for: "password of another"))
        _ = try await store.store(sealed, CoordinationKey(.password, name), life: .seconds(60), .always)
        #expect(await !passwords.isRight(parts))
    }
}
