import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

@Suite(.timeLimit(.minutes(1))) struct BlobTests {
    private let content = ByteBuffer(bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })

    /// The fill may fail before or after the answer begins: the client gets an error or a cut body.
    private func whole(_ shop: Workshop, _ digest: Digest) async throws -> ByteBuffer {
        try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content.bytes()
    }

    @Test func aColdBlobIsFetchedOnceAndServedFromTheStoreEverAfter() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let repository = try shop.repository("mirror/library/x")
            let first = try await shop.registry.blob(repository, digest, range: nil)
            #expect(try await first.content.bytes() == content)
            #expect(first.content.size == 1000)
            #expect(first.status.field == "entrepot; fwd=miss; stored")
            let second = try await shop.registry.blob(repository, digest, range: nil)
            #expect(second.status.field == "entrepot; hit")
            #expect(try await second.content.bytes() == content)
            #expect(shop.upstream.questions == ["GET blob library/x \(digest)"])
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test func manyReadersShareOneFillAndEachGetsEveryByte() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await shop.registry.blob(repository, digest, range: nil).content.bytes()
                    }
                }
                for start in stride(from: 0, to: 1000, by: 100) {
                    valve.send(try #require(content.getSlice(at: start, length: 100)))
                    await Task.yield()
                }
                valve.finish()
                for try await bytes in group { #expect(bytes == content) }
            }
            #expect(shop.upstream.questions.count == 1)
        }
    }

    @Test func theLastBytesAreHeldBackUntilTheDigestIsVerified() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            guard case .filling(let reader) = answer.source else {
                Issue.record("the blob should be arriving")
                return
            }
            var wrong = content
            wrong.setInteger(UInt8(0xFF), at: 999)
            valve.send(wrong)
            #expect(try await reader.end(after: 0) == 996)
            valve.finish()
            await #expect(throws: RegistryError.self) { try await reader.end(after: 996) }
            #expect(shop.objects.keys == [])
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test(arguments: [(999, false), (1001, false), (1000, true)])
    func theSizeMustBeTheAnnouncedOne(sent: Int, isFine: Bool) async throws {
        try await Workshop.open(limits: FillLimits.test(holdBack: 4, idleTransfers: 1)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            var bytes = content
            bytes.writeRepeatingByte(0, count: 10)
            valve.send(try #require(bytes.getSlice(at: 0, length: sent)))
            valve.finish()
            if isFine {
                let bytes = try await whole(shop, digest)
                #expect(bytes == content)
            } else {
                await #expect(throws: RegistryError.self) { try await whole(shop, digest) }
                #expect(shop.objects.keys == [])
            }
        }
    }

    @Test func endlessBytesWithoutAnnouncedSizeAreCutAtTheLimit() async throws {
        try await Workshop.open(limits: FillLimits.test(blobSize: 5000, holdBack: 4)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: nil), as: digest)
            for _ in 0..<6 { valve.send(content) }
            await #expect(throws: RegistryError.self) { try await whole(shop, digest) }
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test func aBlobOfUnknownSizeArrivesWhole() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: nil), as: digest)
            valve.send(content)
            valve.finish()
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            #expect(try await answer.bytes() == content)
        }
    }

    @Test func anUpstreamThatSentWrongBytesIsAskedLastNextTime() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = Digest(hashing: content)
            let wrong = Valve()
            wrong.send(ByteBuffer(repeating: 1, count: 1000))
            wrong.finish()
            shop.upstreams[0].hold(.valve(wrong, size: 1000), as: digest)
            _ = shop.upstreams[1].hold(content)
            await #expect(throws: RegistryError.self) { try await whole(shop, digest) }
            let bytes = try await whole(shop, digest)
            #expect(bytes == content)
            #expect(shop.upstreams[0].questions.count == 1)
        }
    }

    @Test func aRangeOfAnArrivingBlobIsFollowed() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let answer = try await shop.registry.blob(
                try shop.repository("mirror/x"), digest, range: .from(10, through: 19)
            ).content
            #expect(answer.range == 10..<20)
            #expect(try await answer.bytes() == content.getSlice(at: 10, length: 10))
            #expect(shop.upstream.questions.count == 1)
        }
    }

    @Test func aFarRangeHasARequestOfItsOwnWhileTheFillGoesOn() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let whole = try await shop.registry.blob(repository, digest, range: nil).content
            _ = shop.upstream.hold(content)
            let far = try await shop.registry.blob(repository, digest, range: .from(900, through: nil))
            #expect(far.status.field == "entrepot; fwd=partial; collapsed")
            #expect(try await far.content.bytes() == content.getSlice(at: 900, length: 100))
            valve.send(content)
            valve.finish()
            #expect(try await whole.bytes() == content)
            #expect(
                shop.upstream.questions == ["GET blob x \(digest)", "GET blob x \(digest)@900-1000"])
        }
    }

    @Test func aRangeOutsideTheBlobIsToldSo() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let answer = try await shop.registry.blob(
                try shop.repository("mirror/x"), digest, range: .from(1000, through: nil)
            ).content
            #expect(answer.isOutOfRange)
            #expect(answer.size == 1000)
        }
    }

    @Test func aColdHeadAsksWithHeadAndDownloadsNothing() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let head = try await shop.registry.blobHead(try shop.repository("mirror/x"), digest)
            #expect(head.content.size == 1000)
            #expect(head.status.field == "entrepot; fwd=miss")
            #expect(shop.upstream.questions == ["HEAD blob x \(digest)"])
            #expect(shop.objects.keys == [])
        }
    }

    @Test func aHeadTakesTheManifestsWordWhereTheUpstreamDoesNotSayTheSize() async throws {
        try await Workshop.open { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("mirror/x")
            let digest = Digest(hashing: image.layers[0])
            shop.upstream.hold(.valve(Valve(), size: nil), as: digest)
            #expect(try await shop.registry.blobHead(repository, digest).content.size == nil)
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            #expect(try await shop.registry.blobHead(repository, digest).content.size == 300)
        }
    }

    @Test func storedBytesAreSharedOnlyWithRepositoriesWhoseUpstreamVouchesForThem() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = shop.upstreams[0].hold(content)
            _ = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content.bytes()
            let other = try shop.repository("other/x")
            let refusal = await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(other, digest, range: nil)
            }
            #expect(refusal?.code == .blobUnknown)
            _ = shop.upstreams[1].hold(content)
            let shared = try await shop.registry.blob(other, digest, range: nil)
            #expect(shared.status == .hit)
            #expect(try await shared.content.bytes() == content)
            #expect(shop.upstreams[1].questions == ["HEAD blob x \(digest)", "HEAD blob x \(digest)"])
        }
    }

    @Test func anArrivingBlobIsJoinedOnlyByThoseWhoseUpstreamVouchesForIt() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            let mine = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(try shop.repository("other/x"), digest, range: nil)
            }
            _ = shop.upstreams[1].hold(content)
            let joined = try await shop.registry.blob(try shop.repository("other/x"), digest, range: nil)
            #expect(joined.status.isCollapsed)
            valve.send(content)
            valve.finish()
            #expect(try await joined.content.bytes() == content)
            #expect(try await mine.bytes() == content)
            #expect(!shop.upstreams[1].questions.contains { $0.hasPrefix("GET") })
        }
    }

    @Test func aReaderThatLeavesStopsNothing() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let leaving = Task { try await shop.registry.blob(repository, digest, range: nil).content.bytes() }
            let staying = try await shop.registry.blob(repository, digest, range: nil).content
            leaving.cancel()
            _ = try? await leaving.value
            valve.send(content)
            valve.finish()
            #expect(try await staying.bytes() == content)
        }
    }

    @Test(arguments: [0, 1])
    func fillsNobodyWaitsForFinishUpToTheConfiguredNumber(orphans: Int) async throws {
        try await Workshop.open(limits: FillLimits.test(orphans: orphans, holdBack: 4)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            do {
                let answer = try await shop.registry.blob(repository, digest, range: nil)
                #expect(answer.content.size == 1000)
            }
            valve.send(content)
            valve.finish()
            _ = shop.upstream.hold(content)
            let again = try await shop.registry.blob(repository, digest, range: nil)
            #expect(try await again.content.bytes() == content)
            let fetches = shop.upstream.questions.count { $0 == "GET blob x \(digest)" }
            #expect(fetches == (orphans == 0 ? 2 : 1))
        }
    }

    @Test func aFillTooManyWaitsForItsTurn() async throws {
        try await Workshop.open(limits: FillLimits.test(concurrent: 1, wait: .seconds(7), holdBack: 4)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let first = try await shop.registry.blob(repository, digest, range: nil)
            let others = (0..<3).map { shop.upstream.hold(ByteBuffer(string: "another \($0)")) }
            try await withThrowingTaskGroup { group in
                for (number, other) in others.enumerated() {
                    group.addTask {
                        // Twice, as those who want the same wait together.
                        async let twin = shop.registry.blob(repository, other, range: nil).content.bytes()
                        let bytes = try await shop.registry.blob(repository, other, range: nil).content.bytes()
                        #expect(bytes == ByteBuffer(string: "another \(number)"))
                        let same = try await twin
                        #expect(same == bytes)
                    }
                    await shop.timers.asleep(for: .seconds(7), count: number + 1)
                }
                #expect(shop.upstream.questions == ["GET blob x \(digest)"])
                valve.send(content)
                valve.finish()
                try await group.waitForAll()
            }
            #expect(shop.upstream.questions == ([digest] + others).map { "GET blob x \($0)" })
            #expect(try await first.content.bytes() == content)
        }
    }

    @Test func whoWaitsTooLongForAPlaceIsToldToComeBack() async throws {
        try await Workshop.open(limits: FillLimits.test(concurrent: 1, wait: .seconds(7), holdBack: 4)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let first = try await shop.registry.blob(repository, digest, range: nil)
            let second = shop.upstream.hold(ByteBuffer(string: "another"))
            async let refusal = shop.registry.blob(repository, second, range: nil).content.size
            await shop.timers.asleep(for: .seconds(7))
            shop.timers.pass(.seconds(7))
            do {
                _ = try await refusal
                Issue.record("it was not told to come back")
            } catch let error as RegistryError {
                #expect(error.status == 503)
                #expect(error.retryAfter != nil)
            }
            valve.send(content)
            valve.finish()
            #expect(try await first.content.bytes() == content)
            // The place is free again.
            let again = try await shop.registry.blob(repository, second, range: nil)
            #expect(try await again.content.bytes() == ByteBuffer(string: "another"))
        }
    }

    @Test(arguments: [
        (UpstreamError.Kind.notFound, 404), (.unauthorized, 403), (.denied, 403), (.rateLimited(retryAfter: 7), 429),
        (.unavailable(status: 500), 502), (.timedOut, 504), (.refused, 502), (.tls, 502), (.resolve, 502),
    ])
    func anUpstreamsFailureIsToldAsWhatItIs(kind: UpstreamError.Kind, status: Int) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            shop.upstream.fail(kind)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content.bytes()
            }
            #expect(error?.status == status)
            if case .rateLimited = kind { #expect(error?.retryAfter == 7) }
        }
    }

    @Test(arguments: [
        UpstreamError.Kind.notFound, .refused, .timedOut, .unavailable(status: 503), .rateLimited(retryAfter: nil),
        .tls,
    ])
    func theNextUpstreamIsTried(kind: UpstreamError.Kind) async throws {
        try await Workshop.open(upstreams: 2) { shop in
            shop.upstreams[0].fail(kind)
            let digest = shop.upstreams[1].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil)
            #expect(try await answer.content.bytes() == content)
        }
    }

    @Test func aFullStoreIsNoErrorToReadersAndTheNextTryIsStored() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            shop.objects.fail(.noSpace)
            valve.send(content)
            valve.finish()
            #expect(try await answer.bytes() == content)
            shop.objects.fail(nil)
            #expect(try await shop.store.blobInfo(digest) == nil)
            _ = shop.upstream.hold(content)
            let again = try await shop.registry.blob(repository, digest, range: nil).content
            #expect(try await again.bytes() == content)
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test func aLocalNamespaceAsksNobody() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(try shop.repository("local/x"), digest, range: nil)
            }
            #expect(error?.code == .blobUnknown)
            #expect(shop.upstream.questions == [])
        }
    }

    @Test func nobodyWaitsForTheWayToABucketAndWhoComesMeanwhileFollows() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let network = Valve()
            shop.objects.move { () async throws(StorageError) in
                let way = network.body
                while (try? await way.next()) != nil {}
            }
            let repository = try shop.repository("mirror/x")
            for _ in 0..<3 {
                let served = try await shop.registry.blob(repository, digest, range: nil)
                #expect(try await served.content.bytes() == content)
                #expect(shop.objects.keys.allSatisfy { !$0.contains("/blobs/") })
            }
            #expect(shop.upstream.questions.count == 1)
            network.finish()
        }
    }

    @Test func whatABucketDoesNotTakeIsPassedOnAllTheSame() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            shop.objects.move { () async throws(StorageError) in throw StorageError(.io, "the bucket is away") }
            let repository = try shop.repository("mirror/x")
            let served = try await shop.registry.blob(repository, digest, range: nil)
            #expect(try await served.content.bytes() == content)
            #expect(shop.objects.keys.allSatisfy { !$0.contains("/blobs/") })
        }
    }
}
