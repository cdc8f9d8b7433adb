import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import RegistryClient
import TestSupport
import Testing
import Upstream

@Suite struct PushTests {
    private static let bytes = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    private let repository = known(RepositoryName("app"))

    /// Pushes three megabytes, and returns what the registry saw.
    private func pushed(
        _ faults: RememberingRegistry.Faults, _ settings: RemoteRegistrySettings = RemoteRegistrySettings()
    ) async throws -> (outcome: PushedBlob, registry: RememberingRegistry) {
        let registry = RememberingRegistry(faults)
        let blob = OutgoingBlob(Self.bytes)
        let outcome = try await ScriptedHTTPServer.run {
            registry.answer($0)
        } _: { server in
            try await client(of: server, settings).push(blob, to: repository)
        }
        #expect(registry.blob("app/\(blob.digest)") == Array(Self.bytes.readableBytesView))
        return (outcome, registry)
    }

    private func client(
        of server: ScriptedHTTPServer, _ settings: RemoteRegistrySettings = RemoteRegistrySettings()
    ) throws -> RemoteRegistry {
        // Nobody waits before the next try.
        let timers = Timers(now: { .zero }, sleep: { _ in })
        return RemoteRegistry(try #require(RegistryAddress(server.url)).endpoint, settings: settings, timers: timers)
    }

    @Test func aBlobIsSentAtOnceWhereTheRegistryTakesIt() async throws {
        let (outcome, registry) = try await pushed(.init())
        #expect(outcome == .uploaded)
        #expect(registry.parts == [3_000_000])
    }

    @Test func aRegistryThatTakesNoMoreAtOnceGetsParts() async throws {
        var faults = RememberingRegistry.Faults()
        faults.mostBytes = 800_000
        let registry = try await pushed(faults).registry
        #expect(registry.parts.allSatisfy { $0 <= 800_000 } && registry.parts.reduce(0, +) == 3_000_000)
    }

    @Test func partsAreAsSmallAsIsAskedForAndNoSmallerThanTheRegistryAllows() async throws {
        let settings = RemoteRegistrySettings(chunkSize: 1_000_000)
        #expect(try await pushed(.init(), settings).registry.parts == [1_000_000, 1_000_000, 1_000_000])
        var faults = RememberingRegistry.Faults()
        faults.smallestPart = 2_000_000
        #expect(try await pushed(faults, settings).registry.parts == [2_000_000, 1_000_000])
    }

    @Test func whatBreaksOffGoesOnWhereItStopped() async throws {
        var faults = RememberingRegistry.Faults()
        faults.breaks = [1_000_000, 500_000]
        #expect(try await pushed(faults).registry.parts == [3_000_000, 2_000_000, 1_500_000])
    }

    @Test func noMoreIsSentInASecondThanIsAllowed() async throws {
        let settings = RemoteRegistrySettings(connections: 1, bytesPerSecond: 2_000_000, chunkSize: 1_500_000)
        let time = try await ContinuousClock().measure {
            let parts = try await pushed(.init(), settings).registry.parts
            #expect(parts == [1_500_000, 1_500_000])
        }
        // The first quarter of a mebibyte of a part is in the buffer at once.
        #expect(time > .milliseconds(900))
    }

    @Test func aSessionThatIsGoneIsBegunAnew() async throws {
        var faults = RememberingRegistry.Faults()
        faults.breaks = [1_000_000]
        faults.forgets = true
        #expect(try await pushed(faults).registry.parts == [3_000_000, 3_000_000])
    }

    @Test func aRegistryThatTookLessIsSentTheRest() async throws {
        var faults = RememberingRegistry.Faults()
        faults.partial = [700_000]
        #expect(try await pushed(faults).registry.parts == [3_000_000, 2_300_000])
    }

    @Test func anAnswerThatIsLostIsNoUploadThatIs() async throws {
        var faults = RememberingRegistry.Faults()
        faults.losesEnd = true
        faults.unavailable = 2
        let (outcome, registry) = try await pushed(faults)
        #expect(outcome == .uploaded)
        #expect(registry.parts == [3_000_000])
    }

    @Test func whatIsThereIsNotSentAndWhatAnotherRepositoryHasIsMounted() async throws {
        let registry = RememberingRegistry()
        try await ScriptedHTTPServer.run {
            registry.answer($0)
        } _: { server in
            let client = try client(of: server)
            let blob = OutgoingBlob(ByteBuffer(string: "layer"))
            #expect(try await client.push(blob, to: repository) == .uploaded)
            #expect(try await client.push(blob, to: repository) == .present)
            let other = known(RepositoryName("other"))
            #expect(try await client.push(blob, to: other, mountingFrom: repository) == .mounted)
            // One request where it is small.
            #expect(registry.parts == [])
        }
    }

    @Test func anUploadThatIsSentToAnotherHostIsRefused() async throws {
        try await ScriptedHTTPServer.run { request in
            request.method == "HEAD"
                ? .answer(404) : .answer(202, [("Location", "http://192.0.2.1/v2/app/blobs/uploads/1")])
        } _: { server in
            let error = await #expect(throws: UpstreamError.self) {
                try await client(of: server).push(OutgoingBlob(Self.bytes), to: repository)
            }
            #expect(error?.message.contains("another host") == true)
        }
    }

    @Test(arguments: [true, false])
    func referrersAreListedByTheRegistryOrUnderATag(knowsReferrers: Bool) async throws {
        var faults = RememberingRegistry.Faults()
        faults.knowsReferrers = knowsReferrers
        let registry = RememberingRegistry(faults)
        try await ScriptedHTTPServer.run {
            registry.answer($0)
        } _: { server in
            let client = try client(of: server)
            let subject = Digest(hashing: ByteBuffer(string: "subject"))
            var digests: [Digest] = []
            for number in 1...2 {
                let text =
                    #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","artifactType":"a/\#(number)","config":"#
                    + #"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\#(Digest(hashing: ByteBuffer(string: "{}")))","size":2},"#
                    + #""layers":[],"subject":{"mediaType":"\#(MediaType.imageManifest)","digest":"\#(subject)","size":7}}"#
                digests.append(
                    try await client.push(
                        manifest: ByteBuffer(string: text), .imageManifest, to: repository, tag: Tag("t\(number)")))
            }
            let list = "app/\(Tag(referrersOf: subject))"
            if knowsReferrers {
                #expect(registry.manifest(list) == nil)
            } else {
                let text = try #require(registry.manifest(list))
                #expect(text.contains("\(digests[0])") && text.contains("\(digests[1])") && text.contains("a/2"))
                try await client.delete(repository, .digest(digests[0]))
                let rest = try #require(registry.manifest(list))
                #expect(!rest.contains("\(digests[0])") && rest.contains("\(digests[1])"))
                let referrers = try await client.referrers(repository, subject)
                #expect(referrers.map(\.digest) == [digests[1]])
            }
        }
    }

    @Test func whatIsNotThereIsNotTriedAgainAndWhatPassesIsOnlySoOften() async throws {
        try await ScriptedHTTPServer.run { request in
            request.path.hasSuffix("/absent") ? .answer(404) : .answer(503)
        } _: { server in
            let client = try client(of: server, RemoteRegistrySettings(attempts: 3))
            for (tag, requests) in [("absent", 1), ("failing", 4)] {
                await #expect(throws: UpstreamError.self) {
                    _ = try await client.manifest(repository, .tag(known(Tag(tag))))
                }
                #expect(server.requests.count == requests)
            }
        }
    }
}
