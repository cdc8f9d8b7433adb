import Access
import Foundation
import CEL
import OCI
import Testing

/// What policies decide.
@Suite struct PolicyTests {
    static func identity(
        _ id: String?, groups: [String] = [], names: [String]? = nil, organizations: [String] = [],
        address: String = "192.0.2.7", grants: [ResourceAccess]? = nil
    ) throws -> Identity {
        Identity(
            id: id.flatMap(IdentityID.init), username: id.flatMap(Username.init), groups: groups,
            origin: ClientOrigin(
                address: ClientAddress(address),
                certificate: names.map { CertificateSubject(commonNames: $0, organizations: organizations) }),
            grants: grants)
    }

    static func policy(_ defaultAllow: Bool, _ rules: String...) throws -> AccessPolicy {
        AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
    }

    static func request(
        _ action: AccessAction, _ repository: String? = "acme/app", _ reference: String? = nil
    ) -> AccessRequest {
        AccessRequest(
            action, repository: repository.flatMap { RepositoryName($0) },
            namespace: repository.flatMap { RepositoryName(String($0.prefix { $0 != "/" })) },
            reference: reference.flatMap { Reference($0) })
    }

    static let digest = "sha256:" + String(repeating: "a", count: 64)

    /// The words of Simple-Registry, with `default_allow = true` as its text has it: the first true rule denies.
    @Test(arguments: [
        ("admin", [] as [String], false), ("alice", ["admin"], false), ("alice", ["users"], true), (nil, [], true),
    ])
    func `rules of a policy that allows by default name whom it denies`(
        id: String?, organizations: [String], isAllowed: Bool
    ) throws {
        let policies = AccessPolicies(
            global: try Self.policy(
                true, "identity.username == 'admin'", "identity.certificate.organizations.contains('admin')"))
        let identity = try Self.identity(id, names: ["x"], organizations: organizations)
        #expect(policies.decide(Self.request(.getBlob), for: identity).isAllowed == isAllowed)
    }

    @Test(arguments: [
        ("identity.username == 'alice'", true), ("identity.id == 'bob'", false), ("'dev' in identity.groups", true),
        ("identity.groups.contains('ops')", false), ("'node-1' in identity.certificate.common_names", true),
        ("identity.certificate.organizations == ['kube', 'ops']", true),
        ("cidr('192.0.2.0/24').containsIP(identity.client_ip)", true),
        ("ip(identity.client_ip).family() == 6", false), ("request.action == 'put-manifest'", true),
        ("request.operation == 'push'", true), ("request.operation in ['pull', 'list']", false),
        ("request.namespace == 'acme/app'", true), ("request.reference == '1.0' && request.tag == '1.0'", true),
        ("request.digest == null", true), ("repository.name.startsWith('acme/')", true),
        ("repository.segments == ['acme', 'app']", true), ("repository.segments[0] == 'other'", false),
        ("request.tag.matches('^v[0-9]+$')", false), ("true", true), ("false || identity.id != null", true),
    ])
    func `a rule sees who asks for what`(rule: String, applies: Bool) throws {
        let policies = AccessPolicies(global: try Self.policy(false, rule))
        let identity = try Self.identity(
            "alice", groups: ["dev"], names: ["node-1"], organizations: ["kube", "ops"])
        let decision = policies.decide(Self.request(.putManifest, "acme/app", "1.0"), for: identity)
        #expect(decision.isAllowed == applies)
        #expect(decision.basis == (applies ? .rule(.global, index: 0, text: rule) : .defaultOf(.global)))
    }

    @Test(arguments: [
        "identity.id == null && identity.username == null && identity.groups == []",
        "identity.certificate.common_names == [] && identity.certificate.organizations == []",
        "request.digest == request.reference && request.tag == null",
    ])
    func `what is not known is null, and lists are empty`(rule: String) throws {
        let policies = AccessPolicies(global: try Self.policy(false, rule))
        #expect(
            policies.decide(Self.request(.getManifest, "acme/app", Self.digest), for: .anonymous).isAllowed)
    }

    @Test func `where there is no repository there is no name`() throws {
        let policies = AccessPolicies(
            global: try Self.policy(
                false, "request.namespace == null && repository.name == null && repository.segments == []"))
        #expect(policies.decide(Self.request(.listCatalog, nil), for: .anonymous).isAllowed)
    }

    @Test func `the first true rule decides, and the decision names it`() throws {
        let policies = AccessPolicies(
            global: try Self.policy(false, "false", "identity.id == 'a'", "true", "1 / 0 == 1"))
        #expect(
            policies.decide(Self.request(.getBlob), for: .anonymous).basis
                == .rule(.global, index: 2, text: "true"))
    }

    @Test(arguments: [true, false])
    func `a rule that fails denies, whatever the default`(defaultAllow: Bool) throws {
        let policies = AccessPolicies(
            global: try Self.policy(defaultAllow, "repository.segments[7] == 'x'", "!\(defaultAllow)"))
        let decision = policies.decide(Self.request(.getBlob), for: .anonymous)
        #expect(!decision.isAllowed)
        guard case .failedRule(.global, index: 0, _, let reason) = decision.basis else {
            Issue.record("\(decision)")
            return
        }
        #expect(reason.contains("index out of range"))
    }

    @Test func `a rule that gives no bool denies`() throws {
        let policies = AccessPolicies(global: try Self.policy(true, "dyn(1)"))
        #expect(!policies.decide(Self.request(.getBlob), for: .anonymous).isAllowed)
    }

    @Test func `a rule that uses up its cost denies`() throws {
        let policies = AccessPolicies(
            global: try Self.policy(true, "lists.range(30000).all(x, lists.range(30000).all(y, x != -1))"))
        #expect(!policies.decide(Self.request(.getBlob), for: .anonymous).isAllowed)
    }

    @Test(arguments: [(true, true, true), (true, false, false), (false, true, false), (false, false, false)])
    func `a repository narrows what the global policy allows`(global: Bool, own: Bool, isAllowed: Bool) throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(
            global: try Self.policy(global), repositories: [acme: try Self.policy(own)])
        let decision = policies.decide(Self.request(.getBlob), for: .anonymous)
        #expect(decision.isAllowed == isAllowed)
        #expect(decision.basis == .defaultOf(global ? .repository(acme) : .global))
        #expect(policies.decide(Self.request(.getBlob, "other/app"), for: .anonymous).isAllowed == global)
    }

    /// Without a global policy `default_access` is narrowed by the repository's, as a global one would be: nobody writes where it
    /// says `reads`, whatever the repository allows.
    @Test(arguments: DefaultAccess.allCases, [nil, true, false])
    func `a repository narrows what the default opens`(fallback: DefaultAccess, own: Bool?) throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(
            repositories: try own.map { [acme: try Self.policy($0)] } ?? [:], fallback: fallback)
        let people = [Identity.anonymous, try Self.identity("alice"), try Self.identity(nil, names: ["node"])]
        for action in AccessAction.allCases where ![.getAPIVersion, .listCatalog].contains(action) {
            for identity in people {
                let request = Self.request(action)
                let isWriting = [.push, .delete].contains(action.operation)
                let expected =
                    action.operation != .admin && own != false
                    && (fallback == .open || !isWriting || identity.isKnown)
                let decision = policies.decide(request, for: identity)
                #expect(decision.isAllowed == expected, "\(action) \(identity)")
                if isWriting, fallback == .reads, !identity.isKnown {
                    #expect(decision.basis == .noPolicy(.reads), "\(action)")
                    #expect(policies.explain(request, for: identity).steps.isEmpty)
                }
                #expect(policies.forecast(request, for: identity) == .certain(decision), "\(action) \(identity)")
                #expect(policies.allowsEverywhere(action, for: identity) == expected, "\(action) \(identity)")
            }
        }
    }

    @Test func `the operator is told of a name that no namespace takes`() throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(repositories: [acme: try Self.policy(true)])
        let request = AccessRequest(
            .getBlob, repository: RepositoryName("nowhere/app"), namespace: nil, reference: nil)
        let decision = policies.decide(request, for: try Self.identity("alice"))
        #expect(!decision.isAllowed)
        #expect(decision.basis == .noNamespace)
        #expect(AccessPolicies().decide(request, for: .anonymous).isAllowed)
    }

    /// The manual's way to keep a tag as it is.
    @Test func `rules that name what is denied open nothing to nobody`() throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(
            repositories: [acme: try Self.policy(true, "request.tag == 'stable' && !('ops' in identity.groups)")])
        let push = Self.request(.putManifest, "acme/app", "other")
        #expect(!policies.decide(push, for: .anonymous).isAllowed)
        #expect(policies.forecast(push, for: .anonymous).isNeverAllowed)
        #expect(policies.decide(push, for: try Self.identity("alice")).isAllowed)
        #expect(policies.decide(Self.request(.getManifest, "acme/app", "other"), for: .anonymous).isAllowed)
    }

    @Test(arguments: [
        (AccessAction.getBlob, true, true, true), (.listCatalog, true, true, true), (.putManifest, false, true, true),
        (.startUpload, false, true, true), (.deleteBlob, false, true, true), (.adminPurge, false, false, false),
    ])
    func `without any policy reading is open and writing needs an identity`(
        action: AccessAction, anonymous: Bool, named: Bool, certified: Bool
    ) throws {
        let policies = AccessPolicies()
        #expect(policies.decide(Self.request(action), for: .anonymous).isAllowed == anonymous)
        #expect(policies.decide(Self.request(action), for: try Self.identity("alice")).isAllowed == named)
        #expect(policies.decide(Self.request(action), for: try Self.identity(nil, names: [])).isAllowed == certified)
    }

    @Test func `the open default opens everything but administration`() throws {
        for action in AccessAction.allCases {
            #expect(
                AccessPolicies.open.decide(Self.request(action), for: .anonymous).isAllowed
                    == (action.operation != .admin))
            #expect(AccessPolicies.open.isOpen(to: action.operation) == (action.operation != .admin))
        }
    }

    @Test func `administration wants an identity and a policy that allows it`() throws {
        let policies = AccessPolicies(global: try Self.policy(true, "!('ops' in identity.groups)"))
        let request = Self.request(.adminPurge)
        #expect(policies.decide(request, for: try Self.identity("alice", groups: ["ops"])).isAllowed)
        #expect(!policies.decide(request, for: try Self.identity("bob")).isAllowed)
        let lax = AccessPolicies(global: try Self.policy(true))
        #expect(lax.decide(request, for: .anonymous).basis == .unknownAdministrator)
    }

    @Test(arguments: [
        (AccessAction.getManifest, "repository:acme/app:pull", true),
        (.getManifest, "repository:acme/app:push", false),
        (.putManifest, "repository:acme/app:pull,push", true), (.putManifest, "repository:acme/app:pull", false),
        (.deleteManifest, "repository:acme/app:*", true), (.deleteManifest, "repository:acme/app:pull,push", false),
        (.getBlob, "repository:acme/apps:pull", false), (.getBlob, "repository:short/app:pull", true),
        (.listTags, "repository:acme/app:pull", true), (.listCatalog, "registry:catalog:*", true),
        (.listCatalog, "repository:catalog:*", false), (.getAPIVersion, "", true), (.getBlob, "", false),
    ])
    func `a token has to grant what is done, and policy to allow it`(
        action: AccessAction, grant: String, isCovered: Bool
    ) throws {
        let parts = grant.split(separator: ":").map(String.init)
        let grants =
            parts.isEmpty
            ? []
            : [
                ResourceAccess(
                    type: parts[0], name: parts[1], actions: parts[2].split(separator: ",").map(String.init))
            ]
        let identity = try Self.identity("alice", grants: grants)
        let request = AccessRequest(
            action, repository: action == .listCatalog || action == .getAPIVersion ? nil : RepositoryName("acme/app"),
            alias: RepositoryName("short/app"))
        #expect(AccessPolicies.open.decide(request, for: identity).isAllowed == isCovered)
        let closed = AccessPolicies(global: try Self.policy(false))
        #expect(!closed.decide(request, for: identity).isAllowed)
    }

    @Test(arguments: [
        ("identity.usrname == 'a'", 1, 1), ("request.tag == 5", 1, 13), ("'a'", 1, 1), ("true &&\n  )", 2, 3),
        ("identity.groups.contains(1)", 1, 16), ("identity == 'a'", 1, 1),
    ])
    func `a rule that makes no sense says where`(text: String, line: Int, column: Int) {
        do throws(CELIssues) {
            _ = try AccessRule(text)
            Issue.record("it compiled")
        } catch {
            #expect(error.issues.first?.position.line == line)
            #expect(error.issues.first?.position.column == column)
            #expect(error.issues.first?.snippet.hasSuffix("^") == true)
        }
    }

    @Test func `each policy that was asked can be told`() throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(
            global: try Self.policy(false, "true"), repositories: [acme: try Self.policy(true, "identity.id == null")])
        let (steps, decision) = policies.explain(Self.request(.getBlob), for: .anonymous)
        #expect(steps.map(\.decision.isAllowed) == [true, false])
        #expect(steps.map(\.scope.description) == ["global.access_policy", "repository.acme.access_policy"])
        #expect(decision.basis == .rule(.repository(acme), index: 0, text: "identity.id == null"))
    }

    /// `nil`: it depends on the tag or the digest.
    @Test(
        arguments: [
            (false, "request.tag == 'v1'", nil), (false, "identity.id == 'alice' || request.tag == 'v1'", true),
            (false, "identity.id == 'bob' && request.tag == 'v1'", false), (false, "request.tag != 'v1'", nil),
            (false, "request.tag == null", nil), (false, "request.digest != null || request.reference == 'x'", nil),
            (true, "request.tag == 'v1'", nil), (true, "identity.id == 'alice' && request.tag == 'v1'", nil),
            (true, "identity.id == 'bob' && request.tag == 'v1'", true), (true, "identity.id == 'alice'", false),
            (true, "['v1', 'v2'].exists(x, x == request.tag)", nil), (true, "repository.segments[7] == 'x'", false),
            (false, "false", false), (true, "false", true),
        ] as [(Bool, String, Bool?)])
    func `what holds for every tag is known before the tag is`(
        defaultAllow: Bool, rule: String, isAllowed: Bool?
    ) throws {
        let alice = try Self.identity("alice")
        let policy = try Self.policy(defaultAllow, rule)
        let acme = try #require(RepositoryName("acme"))
        for policies in [AccessPolicies(global: policy), AccessPolicies(repositories: [acme: policy])] {
            let forecast = policies.forecast(Self.request(.getManifest), for: alice)
            #expect(forecast.isAlwaysAllowed == (isAllowed == true))
            #expect(forecast.isNeverAllowed == (isAllowed == false))
        }
        // Without tag and digest there is nothing to leave open.
        let decision = AccessPolicies(global: policy).decide(Self.request(.listTags), for: alice)
        #expect(AccessPolicies(global: policy).forecast(Self.request(.listTags), for: alice) == .certain(decision))
    }

    @Test(arguments: [
        (["request.tag == 'v1'", "true"], false, true), (["request.tag == 'v1'", "true"], true, false),
        (["repository.segments[7] == 'x'", "request.tag == 'v1'"], false, false),
    ])
    func `a rule that does not look at the tag decides for all tags`(
        rules: [String], defaultAllow: Bool, isAllowed: Bool
    ) throws {
        let policy = AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
        let forecast = AccessPolicies(global: policy).forecast(Self.request(.putManifest), for: .anonymous)
        #expect(forecast.isAlwaysAllowed == isAllowed)
        #expect(forecast.isNeverAllowed == !isAllowed)
    }

    @Test(
        arguments: [
            // A digest has no tag, and the rule fails: who comes by digest is denied.
            (["request.tag.startsWith('v')", "true"], false, AccessAction.getManifest, nil),
            (["request.tag.startsWith('v')", "true"], true, .getManifest, false),
            // A blob never has one.
            (["request.tag.startsWith('v')", "true"], false, .getBlob, false),
            (["request.tag.startsWith('v')", "true"], false, .listTags, false),
            (["request.digest.startsWith('sha512')", "true"], false, .getBlob, nil),
            (
                ["request.tag in ['a', 'b'] ? identity.id == 'bob' : !(request.tag == 'c')", "true"], false,
                .getManifest, true
            ),
            (["int(request.tag) > 3 || request.tag == 'v1'", "true"], false, .getManifest, nil),
            (["request.tag == 'v1'", "request.tag.startsWith('v')", "true"], false, .getManifest, nil),
        ] as [([String], Bool, AccessAction, Bool?)])
    func `a rule that may fail on some tag or digest leaves what comes after it open`(
        rules: [String], defaultAllow: Bool, action: AccessAction, isAllowed: Bool?
    ) throws {
        let policy = AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
        let forecast = AccessPolicies(global: policy).forecast(Self.request(action), for: .anonymous)
        #expect(forecast.isAlwaysAllowed == (isAllowed == true))
        #expect(forecast.isNeverAllowed == (isAllowed == false))
    }

    @Test func `a rule that may fail on some repository's name allows nothing everywhere`() throws {
        let alice = try Self.identity("alice")
        for (rule, isAllowed) in [("repository.name == 'x'", true), ("repository.name.startsWith('x')", false)] {
            let policies = AccessPolicies(
                global: AccessPolicy(defaultAllow: false, rules: [try AccessRule(rule), try AccessRule("true")]))
            #expect(policies.allowsEverywhere(.getManifest, for: alice) == isAllowed)
        }
    }

    @Test func `a repository's policy narrows what the global one leaves open`() throws {
        let acme = try #require(RepositoryName("acme"))
        let tagged = try Self.policy(false, "request.tag == 'v1'")
        let closed = AccessPolicies(global: tagged, repositories: [acme: try Self.policy(false)])
        #expect(closed.forecast(Self.request(.getManifest), for: .anonymous).isNeverAllowed)
        let open = AccessPolicies(global: tagged, repositories: [acme: try Self.policy(true)])
        #expect(open.forecast(Self.request(.getManifest), for: .anonymous) == .uncertain)
    }

    @Test func `only policies that mention tags have them judged one by one`() throws {
        let acme = try #require(RepositoryName("acme"))
        let policies = AccessPolicies(
            global: try Self.policy(false, "true"), repositories: [acme: try Self.policy(true, "request.tag == 'x'")])
        #expect(policies.looksAtTags(namespace: acme))
        #expect(!policies.looksAtTags(namespace: nil))
    }

    @Test func `the manual's recipe keeps a tag with all that it consists of`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "docs/how-to/protect.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "## Keep a tag as it is\n").last)
        let block = try #require(section.components(separatedBy: "```").dropFirst().first)
        let rules = try block.split(separator: "\n").filter { $0.hasPrefix("  \"") }
            .map { try AccessRule(String($0.dropFirst(3).dropLast(2))) }
        #expect(rules.count == 2 && block.contains("default_allow = true"))
        let local = try #require(RepositoryName("local"))
        let policies = AccessPolicies(repositories: [local: AccessPolicy(defaultAllow: true, rules: rules)])
        let bob = try Self.identity("bob")
        let alice = try Self.identity("alice", groups: ["ops"])
        let kept: [(AccessAction, String?)] = [
            (.putManifest, "stable"), (.deleteManifest, "stable"), (.deleteManifest, Self.digest), (.deleteBlob, nil),
        ]
        for (action, reference) in kept {
            let request = Self.request(action, "local/app", reference)
            #expect(!policies.decide(request, for: bob).isAllowed, "\(action)")
            #expect(policies.decide(request, for: alice).isAllowed, "\(action)")
        }
        let others: [(AccessAction, String?)] = [
            (.putManifest, "other"), (.putManifest, Self.digest), (.deleteManifest, "other"), (.startUpload, nil),
            (.cancelUpload, nil), (.getManifest, "stable"),
        ]
        for (action, reference) in others {
            #expect(policies.decide(Self.request(action, "local/app", reference), for: bob).isAllowed, "\(action)")
        }
    }

    @Test func `the manual has every action with its operation`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let manual = try String(contentsOf: root.appending(path: "docs/reference/policies.md"), encoding: .utf8)
        let rows = manual.split(separator: "\n").filter { $0.hasPrefix("| `") }
        for action in AccessAction.allCases {
            let row = rows.first { $0.hasPrefix("| `\(action.operation.rawValue)` |") }
            #expect(row?.contains("`\(action.rawValue)`") == true, "\(action.rawValue)")
        }
    }

    /// Ten rules that all have to be looked at.
    @Test func `ten rules cost little`() throws {
        let rules = (0..<10).map { number in
            "identity.username == 'user\(number)' && repository.name.startsWith('team\(number)/') "
                + "|| request.operation == 'push' && 'group\(number)' in identity.groups"
        }
        let policies = AccessPolicies(
            global: AccessPolicy(defaultAllow: false, rules: try rules.map { try AccessRule($0) }))
        let identity = try Self.identity("alice", groups: ["a", "b", "c"])
        let request = Self.request(.getBlob)
        var allowed = 0
        let count = 2000
        let clock = ContinuousClock()
        let took = clock.measure {
            for _ in 0..<count where policies.decide(request, for: identity).isAllowed { allowed += 1 }
        }
        #expect(allowed == 0)
        // A debug build on a busy machine: the benchmark measures what it really costs.
        #expect(took < .milliseconds(2) * count)
    }

    /// Rules of the global policy and of one repository's, and whether pulling is allowed everywhere.
    @Test(
        arguments: [
            ([], nil, true), (["request.operation == 'pull'"], nil, true), (["repository.name == 'a'"], nil, false),
            (["request.operation == 'pull' && repository.name.startsWith('a')"], nil, false),
            (["request.operation == 'pull' || repository.name == 'a'"], nil, true),
            (["request.operation == 'pull' && request.tag == 'x'"], nil, false), (["false"], nil, false),
            (["true"], ["identity.id == 'alice'"], false), (["true"], ["true"], true), ([], ["true"], true),
            ([], ["identity.id != null"], false), ([], ["request.tag == 'x'"], false),
        ] as [([String], [String]?, Bool)])
    func pullingIsAllowedEverywhereOnlyIfNoNameCouldChangeIt(
        global: [String], own: [String]?, expected: Bool
    ) throws {
        let policies = AccessPolicies(
            global: global.isEmpty ? nil : AccessPolicy(rules: try global.map(AccessRule.init)),
            repositories: try own.map {
                [try #require(RepositoryName("team")): AccessPolicy(rules: try $0.map(AccessRule.init))]
            } ?? [:])
        #expect(policies.allowsEverywhere(.getManifest, for: .anonymous) == expected)
    }
}
