import CEL
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Retention
import TestSupport
import Testing

@testable import Janitor
@testable import Registry
@testable import Storage

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
    func oneRuleThatIsTrueKeeps(rule: String, kept: [String]) async throws {
        let now: Int64 = 1_000_000
        let images = [
            try Self.image("latest", pushed: 10, pulled: now - 3600),
            try Self.image("old", pushed: 20, pulled: 500, labels: ["keep": "yes"]),
            try Self.image("new", pushed: now - 100),
            try Self.image("signed", pushed: now - 50),
            try Self.image(nil, pushed: 30),
        ]
        let decisions = try await Self.policy(rule).decide(
            images, in: try #require(RepositoryName("local/a")), now: now)
        let names = zip(images, decisions).filter { $1 == .kept(rule: 0) }.map { $0.0.tag?.value ?? "-" }
        #expect(names == kept, "\(decisions)")
    }

    @Test func aRuleThatCannotBeEvaluatedIsToldAndEndsTheDecision() async throws {
        let images = [try Self.image("a", pushed: 1), try Self.image("b", pushed: 2)]
        let decisions = try await Self.policy("image.labels['none'] == 'x'").decide(
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

    private static func retain(
        _ shop: Workshop, _ rules: String..., grace: Int64 = 0
    ) async throws -> [String: Int64] {
        var round = RetentionRound(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(
                shop.namespaces, retention: RetentionPolicy(rules: try rules.map { try RetentionRule($0) }),
                grace: grace),
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
                repository.name, try Self.policy("false"), store: shop.store, lastPulled: { _ in nil }, grace: 0,
                now: shop.time)
            shop.pass(seconds: 1)
            _ = try await Self.push(shop, Self.image(1), "v1")
            _ = try await Self.push(shop, Self.image(2), nil)
            let index = try await Self.push(shop, Self.index([child]), nil)
            try await Self.apply(review, shop, repository)
            #expect(try await Self.manifests(shop) == [tagged, loose, child, index])
        }
    }

    private static func apply(_ review: RetentionReview, _ shop: Workshop, _ repository: Repository) async throws {
        for step in review.steps {
            _ = try await shop.registry.retire(step.tags, step.manifests, known: review.known, in: repository)
        }
    }

    /// The images of a push come before the index that names them.
    @Test func whatCameWithoutATagStaysForTheGraceAndWithItItsParts() async throws {
        try await Workshop.open { shop in
            let old = try await Self.push(shop, Self.image(1), nil)
            shop.pass(seconds: 100)
            let images = [try await Self.push(shop, Self.image(2), nil), try await Self.push(shop, Self.image(3), nil)]
            let inner = try await Self.push(shop, Self.index([old]), nil)
            shop.pass(seconds: 59)
            let counts = try await Self.retain(shop, "image.tag == 'latest'", grace: 60)
            #expect(counts["keptImages"] == 3 && counts["removedManifests"] == 0)
            #expect(try await Self.manifests(shop) == Set(images + [inner, old]))
            let index = try await Self.push(shop, Self.index(images), "latest")
            shop.pass(seconds: 1)
            _ = try await Self.retain(shop, "image.tag == 'latest'", grace: 60)
            #expect(try await Self.manifests(shop) == Set(images + [index]))
        }
    }

    /// An index that goes names it, and the next one is on its way.
    @Test func anImageThatIsPushedAnewStaysWithoutItsFormerIndex() async throws {
        try await Workshop.open { shop in
            let image = try await Self.push(shop, Self.image(1), nil)
            _ = try await Self.push(shop, Self.index([image]), "v1")
            shop.pass(seconds: 100)
            _ = try await Self.push(shop, Self.image(1), nil)
            _ = try await Self.retain(shop, "image.tag == 'latest'", grace: 60)
            #expect(try await Self.manifests(shop) == [image])
        }
    }

    private static func companion(of digest: Digest, _ ending: String = ".sig") -> String {
        RepositoryTag(referrersOf: digest).value + ending
    }

    private static func tags(_ shop: Workshop) async throws -> [String] {
        try await shop.store.tags(of: try #require(RepositoryName("sparse/a")), after: nil, limit: 10).map(\.value)
    }

    @Test(arguments: ["image.tag == 'latest'", "top_pushed(1)", "image.has_referrers && image.pushed_at > 1000005"])
    func whatATagMadeOfADigestNamesStaysAndGoesWithIt(rule: String) async throws {
        try await Workshop.open { shop in
            let old = try await Self.push(shop, Self.image(1), "v1")
            _ = try await Self.push(shop, Self.image(2), Self.companion(of: old))
            shop.pass(seconds: 10)
            let latest = try await Self.push(shop, Self.image(3), "latest")
            shop.pass(seconds: 10)
            // Pushed last, and no image that rules would count.
            let signature = try await Self.push(shop, Self.image(4), Self.companion(of: latest))
            let proof = try await Self.push(shop, Self.image(5), Self.companion(of: signature, ".att"))
            let counts = try await Self.retain(shop, rule)
            #expect(counts["removedTags"] == 2 && counts["removedManifests"] == 2)
            #expect(try await Self.manifests(shop) == [latest, signature, proof])
            #expect(
                try await Set(Self.tags(shop)) == [
                    "latest", Self.companion(of: latest), Self.companion(of: signature, ".att"),
                ])
        }
    }

    @Test func tagsThatNameEachOtherAreJudged() async throws {
        try await Workshop.open { shop in
            let first = Digest(hashing: ByteBuffer(string: Self.image(1)))
            let second = try await Self.push(shop, Self.image(2), Self.companion(of: first))
            _ = try await Self.push(shop, Self.image(1), Self.companion(of: second))
            _ = try await Self.push(
                shop, Self.image(3), Self.companion(of: Digest(hashing: ByteBuffer(string: Self.image(3)))))
            _ = try await Self.retain(shop, "image.tag.startsWith('sha256-')")
            #expect(try await Self.tags(shop).count == 3)
        }
    }

    @Test func whatRefersToAnImageThatWasTaggedAnewSinceItWasJudgedStays() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("sparse/a")
            let image = try await Self.push(shop, Self.image(1), "v1")
            let signature = try await Self.push(shop, Self.image(2), Self.companion(of: image))
            let referrer = try await Self.push(shop, Self.image(3, subject: image), nil)
            let review = try await RetentionReview.of(
                repository.name, try Self.policy("false"), store: shop.store, lastPulled: { _ in nil }, grace: 0,
                now: shop.time)
            shop.pass(seconds: 1)
            _ = try await Self.push(shop, Self.image(1), "v2")
            try await Self.apply(review, shop, repository)
            #expect(try await Self.manifests(shop) == [image, signature, referrer])
            #expect(try await Self.tags(shop) == [Self.companion(of: image), "v2"])
        }
    }

    private enum Damage: CaseIterable {
        case largeConfiguration, understatedConfiguration, noConfiguration, tagLink
    }

    @Test(arguments: Damage.allCases) private func whatCannotBeReadKeepsItsRepositoryAndEndsNoRound(damage: Damage)
        async throws
    {
        try await Workshop.open { shop in
            let labels = #"{"config":{"Labels":{"keep":"yes"}},"filler":"\#(String(repeating: "x", count: 1 << 20))"}"#
            let configuration = ByteBuffer(string: labels)
            let digest = Digest(hashing: configuration)
            if damage != .noConfiguration {
                try await shop.objects.write(RegistryLayout.blob(digest), configuration, .cached)
            }
            let size = damage == .largeConfiguration ? configuration.readableBytes : 2
            let type = "application/vnd.oci.image.config.v1+json"
            let text =
                #"{"schemaVersion":2,"config":{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)},"layers":[]}"#
            let kept = try await Self.push(shop, damage == .tagLink ? Self.image(1) : text, "v1")
            if damage == .tagLink {
                let link = RegistryLayout.tagLink(
                    try #require(RepositoryTag("v2")), in: try #require(RepositoryName("sparse/a")))
                try await shop.objects.write(link, ByteBuffer(string: "damage"), .cached)
            }
            _ = try await Self.push(shop, Self.image(2), "v1", "sparse/b")
            let counts = try await Self.retain(shop, "image.labels[?'keep'].orValue('') == 'yes'")
            #expect(counts["failedRepositories"] == 1)
            #expect(try await Self.manifests(shop) == [kept])
            #expect(try await Self.manifests(shop, "sparse/b").isEmpty)
        }
    }

    @Test func aDamagedTagDoesNotKeepAManifestFromBeingDeletedByItsDigest() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let digest = try await Self.push(shop, Self.image(1), "v2", "local/a")
            let damaged = RegistryLayout.tagLink(try #require(RepositoryTag("v1")), in: repository.name)
            try await shop.objects.write(damaged, ByteBuffer(string: "damage"), .cached)
            try await shop.registry.deleteManifest(repository, .digest(digest))
            #expect(try await Self.manifests(shop, "local/a").isEmpty)
            #expect(try await shop.store.tag(try #require(RepositoryTag("v2")), in: repository.name) == nil)
        }
    }

    /// As containerd pulls: the head of the tag, then by digests.
    @Test(arguments: [true, false]) func aPullByDigestIsOneOfTheTag(isOfIndex: Bool) async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("sparse/a")
            let image = try await Self.push(shop, Self.image(1), isOfIndex ? nil : "used")
            if isOfIndex { _ = try await Self.push(shop, Self.index([image]), "used") }
            _ = try await Self.push(shop, Self.image(2), "unused")
            shop.pass(seconds: 10_000)
            let tag = Reference.tag(try #require(RepositoryTag("used")))
            _ = try await shop.registry.manifest(repository, tag, isHead: true)
            _ = try await shop.registry.manifest(repository, .digest(image))
            _ = try await Self.retain(shop, "image.last_pulled_at > now() - 100")
            #expect(try await Self.tags(shop) == ["used"])
        }
    }

    /// Four indexes, each naming the one below it a thousand times: whoever may push may push them.
    @Test func anIndexThatNamesItsChildVeryOftenIsLookedAtOnce() async throws {
        try await Workshop.open { shop in
            let layer = Digest(hashing: ByteBuffer(string: "layer"))
            var digest = try await Self.push(
                shop,
                #"{"schemaVersion":2,"layers":[{"mediaType":"text/plain","digest":"\#(layer)","size":5000000}]}"#, nil)
            for level in 0..<4 {
                digest = try await Self.push(
                    shop, Self.index(Array(repeating: digest, count: 1000)), level == 3 ? "deep" : nil)
            }
            _ = try await Self.retain(shop, "image.size > 5000000 && image.size < 6000000")
            #expect(try await Self.tags(shop) == ["deep"])
        }
    }

    @Test func whoDecidesCanBeStoppedBetweenTwoImages() async throws {
        let images = try (0..<10).map { try Self.image("v\($0)", pushed: 1) }
        let looked = NIOLockedValueBox(0)
        await #expect(throws: CancellationError.self) {
            _ = try await Self.policy("true").decide(images, in: try #require(RepositoryName("local/a")), now: 2) {
                let count = looked.withLockedValue { count in
                    count += 1
                    return count
                }
                if count == 3 { throw CancellationError() }
            }
        }
        #expect(looked.withLockedValue { $0 } == 3)
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
