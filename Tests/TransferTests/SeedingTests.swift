import Foundation
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Threads
import Transfer
import Upstream

@Suite struct SeedingTests {
    /// A registry with one upstream, and what runs behind it.
    private final class Household: Sendable {
        let upstream = ScriptedUpstream()
        let memory = MemoryStore(now: { 1_000_000 })
        let store: RegistryStore
        let registry: Registry
        let namespaces: Namespaces
        let directory: TemporaryDirectory
        let background = BackgroundWork()

        init(isOffline: Bool = false) throws {
            directory = try TemporaryDirectory()
            store = RegistryStore(objects: memory)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let fills = Fills(
                store: store, spool: try Spool(root: directory.file("spool")), background: background,
                pool: .shared, limits: .test(), logger: logger)
            registry = Registry(
                store: store, fills: fills, background: background, health: UpstreamHealth(limits: .test()),
                limits: .test(), manifestRoom: ByteBudget(limit: 16 << 20), logger: logger,
                now: { 1_000_000 })
            namespaces = Namespaces(
                [
                    Namespace.test(
                        key: try required(RepositoryName("up.test")), upstreams: [upstream], isOffline: isOffline)
                ], fallback: nil)
        }

        func give(_ image: Site.Image, _ tags: String...) {
            for text in image.layers + [image.config] { _ = upstream.hold(ByteBuffer(string: text)) }
            for tag in tags { _ = upstream.hold(image.manifest, tag: tag) }
        }

        func seed(_ names: [String], _ settings: Seeding.Settings = Seeding.Settings()) async throws -> [Seeding
            .Outcome]
        {
            let patterns = try names.map { try required(ImagePattern($0)) }
            let outcomes = NIOLockedValueBox<[Seeding.Outcome]>([])
            try await Seeding(registry, settings, sleep: { _ in }).run(patterns, namespaces) { outcome in
                outcomes.withLockedValue { $0.append(outcome) }
            }
            return outcomes.withLockedValue { $0 }
        }

        /// With all that runs behind it.
        static func open(isOffline: Bool = false, _ body: (Household) async throws -> Void) async throws {
            let household = try Household(isOffline: isOffline)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await household.background.run() }
                try await body(household)
                group.cancelAll()
            }
        }
    }

    private let image = Site.Image(layers: ["base", "app"], config: #"{"os":"linux"}"#)

    @Test func anImageIsHeldWholeAndKept() async throws {
        try await Household.open { household in
            household.give(image, "1.0")
            let outcomes = try await household.seed(["up.test/app:1.0"])
            let fetched = try #require(try outcomes.first?.result.get())
            #expect(fetched.digest == image.digest && fetched.blobs == 3 && fetched.manifests == 1)
            let name = try required(RepositoryName("up.test/app"))
            #expect(try await household.store.isKept(image.digest, in: name))
            var walk = GraphWalk(household.store, name)
            let graph = try await walk.graph(image.digest)
            #expect(graph.problems.isEmpty && graph.blobs.count == 3)
            // Again: nothing is fetched.
            #expect(try await household.seed(["up.test/app:1.0"]).first?.result.get().blobs == 0)
        }
    }

    @Test func indexesThatLieTooDeepAreNotTakenForSeeded() async throws {
        try await Household.open { household in
            household.give(image, "1.0")
            for (number, text) in image.nested(in: 9).enumerated() {
                _ = household.upstream.hold(text, tag: "deep\(number + 1)", as: .imageIndex)
            }
            let outcomes = try await household.seed((1...9).map { "up.test/app:deep\($0)" })
            let failed = outcomes.filter { (try? $0.result.get()) == nil }.map(\.name.description).sorted()
            #expect(failed == ["up.test/app:deep8", "up.test/app:deep9"])
        }
    }

    /// - Parameter entries: The platforms in an index within another, which does not say what it is for.
    @Test(arguments: [
        (["amd64", "arm64"], "linux/amd64", 1), (["amd64", "arm64"], "linux/arm64/v8", 1),
        (["amd64", #"arm64","variant":"v8"#], "linux/arm64", 1), (["amd64", "arm"], "linux/arm/v7", 1),
        (["amd64", "arm"], "linux/arm/v6", 0), (["amd64"], "linux/arm64/v9", 0), (["amd64"], "windows/amd64", 0),
    ])
    func anIndexWithinAnotherIsLookedInto(entries: [String], platform: String, count: Int) async throws {
        try await Household.open { household in
            household.give(image, "1.0")
            let inner = Site.Image.index(
                entries.map { entry in
                    let image = Site.Image(layers: [entry], config: #"{"os":"linux"}"#)
                    household.give(image, "of-\(image.digest.hex)")
                    let part = Site.Image.part(image.manifest, MediaType.imageManifest.value)
                    return String(part.dropLast()) + #","platform":{"os":"linux","architecture":"\#(entry)"}}"#
                })
            let other = Site.Image.index([Site.Image.part(image.manifest, MediaType.imageManifest.value)])
            let outer = Site.Image.index([inner, other].map { Site.Image.part($0, MediaType.imageIndex.value) })
            for (text, tag) in [(inner, "inner"), (other, "other"), (outer, "outer")] {
                _ = household.upstream.hold(text, tag: tag, as: .imageIndex)
            }
            var settings = Seeding.Settings()
            settings.platforms = [try required(ImagePlatform(platform))]
            let fetched = try? await household.seed(["up.test/app:outer"], settings).first?.result.get()
            #expect(fetched?.manifests == (count == 0 ? nil : count + 2))
            #expect(fetched?.blobs == (count == 0 ? nil : 2 * count))
        }
    }

    @Test func anIndexOfBlobsIsHeldWhole() async throws {
        try await Household.open { household in
            for text in ["layer", "settings"] { _ = household.upstream.hold(ByteBuffer(string: text)) }
            let index = household.upstream.hold(
                Site.index(ofBlobs: ["layer", "settings"]), tag: "buildcache", as: .imageIndex)
            let fetched = try #require(try await household.seed(["up.test/app:buildcache"]).first?.result.get())
            #expect(fetched.digest == index && fetched.blobs == 2 && fetched.manifests == 1)
        }
    }

    @Test func whatIsNotThereFailsAloneAndIsTold() async throws {
        try await Household.open { household in
            household.give(image, "1.0")
            let outcomes = try await household.seed(["up.test/app:2.0", "up.test/app:1.0", "elsewhere/app:1"])
            #expect(outcomes.count == 3)
            let failed = outcomes.filter { (try? $0.result.get()) == nil }.map(\.name.description).sorted()
            #expect(failed == ["elsewhere/app:1", "up.test/app:2.0"])
        }
    }

    @Test func aPatternIsTheUpstreamsTagsAndTheNewestOfThem() async throws {
        try await Household.open { household in
            household.give(image, "1.9", "1.10", "1.10-rc1", "2.0", "nightly")
            var settings = Seeding.Settings()
            settings.newest = 2
            let names = try await household.seed(["up.test/app:1.*"], settings).map(\.name.description).sorted()
            #expect(names == ["up.test/app:1.10", "up.test/app:1.10-rc1"])
        }
    }

    @Test func anUpstreamThatWantsToBeLeftAloneIsWaitedFor() async throws {
        try await Household.open { household in
            household.give(image, "1.0")
            household.upstream.fail(.rateLimited(retryAfter: 7))
            let waits = NIOLockedValueBox<[Int64]>([])
            let upstream = household.upstream
            let seeding = Seeding(
                household.registry, Seeding.Settings(),
                sleep: { seconds in
                    waits.withLockedValue { $0.append(seconds) }
                    if waits.withLockedValue({ $0.count }) == 2 { upstream.fail(nil) }
                })
            let outcomes = NIOLockedValueBox<[Seeding.Outcome]>([])
            try await seeding.run([try required(ImagePattern("up.test/app:1.0"))], household.namespaces) { outcome in
                outcomes.withLockedValue { $0.append(outcome) }
            }
            #expect(waits.withLockedValue { $0.count } >= 2)
            #expect(try outcomes.withLockedValue { $0 }.first?.result.get().blobs == 3)
        }
    }

    @Test func atAnOfflineSiteWhatIsMissedIsNotedOnce() async throws {
        try await Household.open(isOffline: true) { household in
            let repository = try household.namespaces.repository(try required(RepositoryName("up.test/app")))
            let tag = try required(Tag("1.0"))
            for _ in 0..<3 {
                let error = await #expect(throws: RegistryError.self) {
                    _ = try await household.registry.manifest(repository, .tag(tag))
                }
                #expect(error?.message.contains("up.test/app:1.0 is not held at this site") == true)
                #expect(error?.status == 503)
            }
            while try await household.store.misses().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await household.store.misses() == ["up.test/app:1.0"])
            try await household.store.forgetMiss("up.test/app:1.0")
            #expect(try await household.store.misses() == [])
        }
    }

    /// Clients that look for signatures go by a 404, and pull nothing after a 503.
    @Test func atAnOfflineSiteWhatIsNotBesideAHeldImageIsNotThereAndNotMissed() async throws {
        try await Household.open(isOffline: true) { household in
            let name = try required(RepositoryName("up.test/app"))
            let repository = try household.namespaces.repository(name)
            let bytes = ByteBuffer(string: image.manifest)
            try await household.store.put(
                StoredManifest(digest: image.digest, mediaType: .imageManifest, bytes: bytes), declared: nil, in: name,
                .cached)
            func status(_ reference: Reference) async throws -> Int? {
                let error = await #expect(throws: RegistryError.self) {
                    _ = try await household.registry.manifest(repository, reference, isHead: true)
                }
                return error?.status
            }
            for tag in CompanionTags.tags(of: image.digest) { #expect(try await status(.tag(tag)) == 404) }
            let referrers = try await household.registry.referrers(repository, image.digest, artifactType: nil)
            #expect(referrers.content == [])
            // Of what is not held nothing is known.
            let other = Site.Image(layers: ["other"]).digest
            let tags = CompanionTags.tags(of: other)
            for tag in tags { #expect(try await status(.tag(tag)) == 503) }
            await #expect(throws: RegistryError.self) {
                _ = try await household.registry.referrers(repository, other, artifactType: nil)
            }
            while try await household.store.misses().count < tags.count {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await household.store.misses() == tags.map { "\(name):\($0)" }.sorted())
        }
    }
}
