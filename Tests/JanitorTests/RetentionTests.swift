import CEL
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Retention
import Storage
import TestSupport
import Testing

@testable import Janitor
@testable import Registry

private typealias RepositoryTag = OCI.Tag

@Suite(.timeLimit(.minutes(1))) struct RetentionTests {
    private static func policy(_ rules: String...) throws -> RetentionPolicy {
        RetentionPolicy(rules: try rules.map { try RetentionRule($0) })
    }

    private static func image(
        _ tag: String?, pushed: Int64, pulled: Int64 = 0, labels: [String: String] = [:]
    ) throws -> RetentionCandidate {
        RetentionCandidate(
            tag: try tag.map { try #require(RepositoryTag($0)) },
            digest: Digest(hashing: ByteBuffer(string: tag ?? "untagged")), pushedAt: pushed, lastPulledAt: pulled,
            labels: labels, annotations: ["org.example.team": "blue"], size: 1000, hasReferrers: tag == "signed")
    }

    @Test(arguments: [
        ("image.tag == 'latest'", ["latest"]),
        ("image.pushed_at > now() - days(1)", ["new", "signed"]),
        ("image.last_pulled_at > now() - hours(2)", ["latest"]),
        ("top(image.tag, last_pushed, 2)", ["new", "signed"]),
        ("top(image.tag, last_pulled, 1)", ["latest"]),
        ("top_pushed(1)", ["signed"]),
        ("top_pulled(2)", ["latest", "old"]),
        ("image.tag == null", ["-"]),
        ("image.labels[?'keep'].orValue('') == 'yes'", ["old"]),
        ("image.annotations['org.example.team'] == 'blue' && image.size < 1001 && image.has_referrers", ["signed"]),
        (
            "repository.name.startsWith('local/') && image.digest.startsWith('sha256:')",
            ["latest", "old", "new", "signed", "-"]
        ),
        ("false", []),
    ])
    func oneRuleThatIsTrueKeeps(rule: String, kept: [String]) throws {
        let now: Int64 = 1_000_000
        let images = [
            try Self.image("latest", pushed: 10, pulled: now - 3600),
            try Self.image("old", pushed: 20, pulled: 500, labels: ["keep": "yes"]),
            try Self.image("new", pushed: now - 100),
            try Self.image("signed", pushed: now - 50),
            try Self.image(nil, pushed: 30),
        ]
        let decisions = try Self.policy(rule).decide(images, in: try #require(RepositoryName("local/a")), now: now)
        let names = zip(images, decisions).filter { $1 == .kept(rule: 0) }.map { $0.0.tag?.value ?? "-" }
        #expect(names == kept, "\(decisions)")
    }

    @Test func aRuleThatCannotBeEvaluatedIsToldAndEndsTheDecision() throws {
        let images = [try Self.image("a", pushed: 1), try Self.image("b", pushed: 2)]
        let decisions = try Self.policy("image.labels['none'] == 'x'").decide(
            images, in: try #require(RepositoryName("local/a")), now: 3)
        guard case .failed(rule: 0, let reason)? = decisions.last else {
            Issue.record("\(decisions)")
            return
        }
        #expect(decisions.count == 1)
        #expect(reason.contains("no such key"))
    }

    @Test func whatIsWrongWithARuleIsFoundBeforeItRuns() {
        for text in ["image.tg == 'x'", "now() - 'x'", "image.tag"] {
            #expect(throws: CELIssues.self) { try RetentionRule(text) }
        }
    }

    // MARK: In a store

    private static func retain(_ shop: Workshop, _ rules: String...) async throws -> [String: Int64] {
        var round = RetentionRound(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(
                shop.namespaces, retention: RetentionPolicy(rules: try rules.map { try RetentionRule($0) })),
            logger: Logger(label: "test"), now: shop.time)
        try await round.run()
        return round.counts
    }

    private static func push(_ shop: Workshop, _ text: String, _ tag: String?, _ name: String = "sparse/a") async throws
        -> Digest
    {
        let digest = Digest(hashing: ByteBuffer(string: text))
        let reference = try tag.map { Reference.tag(try #require(RepositoryTag($0))) } ?? .digest(digest)
        return try await shop.registry.putManifest(
            try shop.repository(name),
            IncomingManifest(bytes: ByteBuffer(string: text), mediaType: nil, reference: reference)
        ).digest
    }

    private static func image(_ seed: Int, subject: Digest? = nil) -> String {
        let subject = subject.map {
            #","subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#($0)","size":1}"#
        }
        return #"{"schemaVersion":2,"layers":[],"annotations":{"n":"\#(seed)"}\#(subject ?? "")}"#
    }

    private static func index(_ digests: [Digest]) -> String {
        let children = digests.map {
            #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#($0)","size":1}"#
        }
        return #"{"schemaVersion":2,"manifests":[\#(children.joined(separator: ","))]}"#
    }

    private static func manifests(_ shop: Workshop, _ name: String = "sparse/a") async throws -> Set<Digest> {
        Set(try await shop.store.manifests(of: try #require(RepositoryName(name))).map(\.digest))
    }

    @Test func tagsGoAndManifestsWithTheirLastTagAndReferrersWithTheirSubject() async throws {
        try await Workshop.open { shop in
            let old = try await Self.push(shop, Self.image(1), "v1")
            let signature = try await Self.push(shop, Self.image(2, subject: old), nil)
            let attestation = try await Self.push(shop, Self.image(3, subject: signature), nil)
            let both = try await Self.push(shop, Self.image(4), "v2")
            _ = try await Self.push(shop, Self.image(4), "latest")
            let signed = try await Self.push(shop, Self.image(5, subject: both), nil)
            let counts = try await Self.retain(shop, "image.tag == 'latest'")
            #expect(counts["removedTags"] == 2)
            #expect(counts["removedManifests"] == 3)
            #expect(try await Self.manifests(shop) == [both, signed])
            #expect(![old, signature, attestation].contains(both))
            let tags = try await shop.store.tags(of: try #require(RepositoryName("sparse/a")), after: nil, limit: 10)
            #expect(tags.map(\.value) == ["latest"])
        }
    }

    @Test func theImagesOfAnIndexStayWithIt() async throws {
        try await Workshop.open { shop in
            let (first, second) = (
                try await Self.push(shop, Self.image(1), nil), try await Self.push(shop, Self.image(2), "v2")
            )
            let loose = try await Self.push(shop, Self.image(3), nil)
            let index = try await Self.push(shop, Self.index([first, second]), "latest")
            _ = try await Self.retain(shop, "image.tag == 'latest'")
            #expect(try await Self.manifests(shop) == [first, second, index])
            #expect(loose != first)
        }
    }

    @Test func aFailureLeavesTheRepositoryAndNoOther() async throws {
        try await Workshop.open { shop in
            _ = try await Self.push(shop, Self.image(1), "v1", "sparse/a")
            _ = try await Self.push(shop, Self.index([]), "v1", "sparse/b")
            let counts = try await Self.retain(shop, "image.annotations['n'] == 'x'")
            #expect(counts["failedRepositories"] == 1)
            #expect(try await Self.manifests(shop, "sparse/a").isEmpty)
            #expect(try await Self.manifests(shop, "sparse/b").count == 1)
        }
    }

    @Test func whatIsPushedAgainAfterItWasJudgedStays() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("sparse/a")
            let tagged = try await Self.push(shop, Self.image(1), "v1")
            let loose = try await Self.push(shop, Self.image(2), nil)
            let child = try await Self.push(shop, Self.image(3), nil)
            let review = try await RetentionReview.of(
                repository.name, try Self.policy("false"), store: shop.store, lastPulled: { _ in nil }, now: shop.time)
            shop.pass(seconds: 1)
            _ = try await Self.push(shop, Self.image(1), "v1")
            _ = try await Self.push(shop, Self.image(2), nil)
            let index = try await Self.push(shop, Self.index([child]), nil)
            let tags = review.verdicts.compactMap { verdict in
                verdict.tag.map { (tag: $0, record: TagRecord(digest: verdict.digest, checked: verdict.time)) }
            }
            _ = try await shop.registry.retire(tags, review.removed, known: review.known, in: repository)
            #expect(try await Self.manifests(shop) == [tagged, loose, child, index])
        }
    }

    @Test func mirrorsAreNotJudged() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(Self.image(1), tag: "v1")
            _ = try await shop.registry.manifest(
                try shop.repository("mirror/x"), .tag(try #require(RepositoryTag("v1"))))
            #expect(try await Self.retain(shop, "false")["repositories"] == 0)
        }
    }
}
