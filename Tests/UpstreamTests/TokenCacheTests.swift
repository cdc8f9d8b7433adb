import NIOConcurrencyHelpers
import Testing

@testable import Upstream

@Suite struct TokenCacheTests {
    private let time = ManualTime()
    private let cache: TokenCache
    private let issuer: UpstreamTokenIssuer
    private let key: TokenCache.Key
    private let fetches = NIOLockedValueBox(0)

    init() throws {
        cache = TokenCache(now: time.now)
        let realm = try #require(AbsoluteURL("https://auth.example/token"))
        issuer = UpstreamTokenIssuer(realm: realm, service: nil)
        key = TokenCache.Key(upstream: realm.origin, credentials: nil, clientIdentity: nil, scope: "repository:a:pull")
    }

    /// The text of the token, numbered by fetches.
    private func token(
        refused: BearerToken? = nil, before: @escaping @Sendable () async throws(UpstreamError) -> Void = {}
    ) async throws(UpstreamError) -> BearerToken {
        try await cache.token(key, from: issuer, refused: refused) { [fetches] () async throws(UpstreamError) in
            let number = fetches.withLockedValue { fetches in
                fetches += 1
                return fetches
            }
            try await before()
            return IssuedToken(text: "token-\(number)", lifetime: 100)
        }
    }

    @Test func aTokenServesUntilItIsNearItsEnd() async throws {
        #expect(try await token().text == "token-1")
        time.advance(79)
        #expect(try await token().text == "token-1")
        time.advance(1)
        #expect(try await token().text == "token-2")
    }

    @Test func anEarlyRefreshThatFailsLeavesTheToken() async throws {
        let first = try await token()
        time.advance(90)
        let second = try await token { () throws(UpstreamError) in throw UpstreamError(.timedOut, "no answer") }
        #expect(second == first)
        time.advance(10)
        let kind = await kindOf {
            _ = try await token { () throws(UpstreamError) in throw UpstreamError(.timedOut, "") }
        }
        #expect(kind == .timedOut)
    }

    @Test func aFailureIsNotRemembered() async throws {
        let kind = await kindOf {
            _ = try await token { () throws(UpstreamError) in throw UpstreamError(.timedOut, "") }
        }
        #expect(kind == .timedOut)
        #expect(cache.issuer(key) == nil)
        #expect(try await token().text == "token-2")
        #expect(cache.issuer(key) == issuer)
    }

    @Test func aRefusedTokenIsReplacedOnce() async throws {
        let first = try await token()
        let second = try await token(refused: first)
        #expect(second.text == "token-2")
        // Another request that was refused with the old one.
        #expect(try await token(refused: first) == second)
    }

    @Test func manyWhoAskAtOnceShareOneFetch() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: BearerToken.self) { group in
            for _ in 0..<50 {
                group.addTask { try await token { () throws(UpstreamError) in for await _ in gate {} } }
            }
            while cache.waiting(key) < 49 { await Task.yield() }
            open.finish()
            for try await token in group { #expect(token.text == "token-1") }
        }
        #expect(fetches.withLockedValue { $0 } == 1)
    }

    @Test func whoWaitsTakesOverFromTheCancelled() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: BearerToken.self) { others in
            await withTaskGroup(of: UpstreamError.Kind?.self) { first in
                first.addTask {
                    await kindOf {
                        _ = try await token { () throws(UpstreamError) in
                            for await _ in gate {}
                            if Task.isCancelled { throw UpstreamError(.cancelled, "") }
                        }
                    }
                }
                while fetches.withLockedValue({ $0 }) == 0 { await Task.yield() }
                for _ in 0..<3 { others.addTask { try await token() } }
                while cache.waiting(key) < 3 { await Task.yield() }
                first.cancelAll()
                #expect(await first.next() == .cancelled)
            }
            for try await token in others { #expect(token.text == "token-2") }
        }
        open.finish()
        #expect(fetches.withLockedValue { $0 } == 2)
    }

    @Test func aCancelledWaiterLeavesAlone() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        async let first = token { () throws(UpstreamError) in for await _ in gate {} }
        while fetches.withLockedValue({ $0 }) == 0 { await Task.yield() }
        await withTaskGroup(of: UpstreamError.Kind?.self) { group in
            group.addTask { await kindOf { _ = try await token() } }
            while cache.waiting(key) < 1 { await Task.yield() }
            group.cancelAll()
            #expect(await group.next() == .cancelled)
        }
        open.finish()
        #expect(try await first.text == "token-1")
    }

    @Test func nothingOfATokenPrints() async throws {
        let token = try await token()
        let credentials = RegistryCredentials(username: "user", password: "secret")
        let printed = "\(token) \(String(reflecting: token)) \(credentials) \(String(reflecting: credentials))"
        #expect(!printed.contains("token-1"))
        #expect(!printed.contains("secret"))
        #expect(!printed.contains("user"))
    }
}
