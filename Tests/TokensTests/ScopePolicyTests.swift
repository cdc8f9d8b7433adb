import OCI
import Testing
import Tokens

@Suite struct ScopePolicyTests {
    @Test(
        arguments: [
            ("alice", "repository:acme/app:pull,push", "repository:acme/app:pull,push"),
            ("alice", "repository:acme/app:push,pull", "repository:acme/app:push,pull"),
            ("alice", "repository:acme/app:*", "repository:acme/app:*"),
            ("alice", "repository:acme/app:pull,frob", "repository:acme/app:pull"),
            ("bob", "repository:acme/app:pull,push,delete", "repository:acme/app:pull"),
            ("bob", "repository:acme/app:*", "repository:acme/app:pull"),
            ("bob", "repository:acme/app:push repository:public/x:pull", "repository:public/x:pull"),
            ("", "repository:acme/app:pull", ""),
            ("", "repository:public/x:pull,push", "repository:public/x:pull"),
            ("alice", "registry:catalog:*", "registry:catalog:*"),
            ("alice", "registry:catalog:pull", ""),
            ("bob", "registry:catalog:*", ""),
            ("alice", "registry:other:*", ""),
            ("alice", "keppelaccount:acme:view", ""),
            // No name of a repository: nothing that policy could be asked about.
            ("alice", "repository:Acme:pull", ""),
            ("alice", "repository:acme/../public:pull", ""),
            ("alice", "repository:host:5000/acme:pull", ""),
        ] as [(String, String, String)])
    func theGrantIsWhatIsBothAskedForAndAllowed(user: String, requested: String, granted: String) async throws {
        let subject = TokenSubject(user) ?? .anonymous
        let service = try #require(ServiceName("registry"))
        let grant = await Household().grant(ScopeParser.parse([requested]), to: subject, at: service)
        #expect(grant.scopeText == granted)
    }

    @Test func ofAStrangersScopesTheFirstEightAreLookedAt() async throws {
        let service = try #require(ServiceName("registry"))
        let wanted = ScopeParser.parse((0..<64).map { "repository:public/x\($0):pull" })
        #expect(wanted.count == 64)
        #expect(await Household().grant(wanted, to: .anonymous, at: service).count == 8)
        let bob = try #require(TokenSubject("bob"))
        #expect(await Household().grant(wanted, to: bob, at: service).count == 64)
    }

    @Test func aTokenAllowsWhatItNames() throws {
        let entries = ScopeParser.parse(["repository:a:pull repository:b:* registry:catalog:*"])
        let a = try #require(RepositoryName("a"))
        let b = try #require(RepositoryName("b"))
        let c = try #require(RepositoryName("c"))
        #expect(entries.allow(.repository(a, .pull)))
        #expect(!entries.allow(.repository(a, .push)))
        #expect(entries.allow(.repository(b, .delete)))
        #expect(!entries.allow(.repository(c, .pull)))
        #expect(entries.allow(.catalog))
        #expect(!ScopeParser.parse(["registry:catalog:pull"]).allow(.catalog))
    }
}
