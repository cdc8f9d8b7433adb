import Hashing
import NIOCore
import OCI
import Registry
import TestSupport
import Testing
import Upstream

/// Bodies that break off.
@Suite(.timeLimit(.minutes(1))) struct ContinuationTests {
    private let content = ByteBuffer(bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    private let limits = FillLimits.test(holdBack: 4, progress: 10)

    private func whole(_ shop: Workshop, _ digest: Digest) async throws -> ByteBuffer {
        try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content.bytes()
    }

    private func content(flippedAt place: Int) -> ByteBuffer {
        var bytes = content
        bytes.setInteger(UInt8(0xEE), at: place)
        return bytes
    }

    @Test func aBodyThatBreaksOffIsContinuedByTheSameUpstream() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            shop.upstreams[0].hold(.flapping(content, step: 300), as: digest)
            let bytes = try await whole(shop, digest)
            #expect(bytes == content)
            #expect(
                shop.upstreams[0].questions
                    == ["", "@300-", "@600-", "@900-"].map { "GET blob x \(digest)\($0)" })
            #expect(shop.upstreams[1].questions == [])
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test(arguments: [true, false])
    func whatTheFirstCannotFinishTheNextDoes(isCutAgain: Bool) async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            _ = shop.upstreams[1].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            shop.upstreams[0].fail(isCutAgain ? .refused : .unavailable(status: 503))
            valve.fail(isCutAgain ? .cutShort : .timedOut)
            #expect(try await answer.bytes() == content)
            #expect(shop.upstreams[0].questions == ["GET blob x \(digest)", "GET blob x \(digest)@400-"])
            #expect(shop.upstreams[1].questions == ["GET blob x \(digest)@400-"])
        }
    }

    @Test func anUpstreamWithoutRangesThatRepeatsSomethingElseIsPassedOver() async throws {
        try await Workshop.open(upstreams: 3, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            shop.upstreams[1].hold(.withoutRanges(content(flippedAt: 10)), as: digest)
            _ = shop.upstreams[2].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 700)))
            shop.upstreams[0].fail(.refused)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
            #expect(shop.upstreams[2].questions == ["GET blob x \(digest)@700-"])
        }
    }

    @Test func anUpstreamWithoutRangesIsReadFromTheStartAndSkipped() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            shop.upstreams[1].hold(.withoutRanges(content), as: digest)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 700)))
            shop.upstreams[0].fail(.refused)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
        }
    }

    @Test func aSizeThatDisagreesIsNotContinuedWith() async throws {
        try await Workshop.open(upstreams: 3, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            shop.upstreams[1].hold(.bytes(ByteBuffer(repeating: 0, count: 999)), as: digest)
            _ = shop.upstreams[2].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            shop.upstreams[0].fail(.refused)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
            #expect(shop.upstreams[2].questions == ["GET blob x \(digest)@400-"])
        }
    }

    @Test func withoutProgressTheFillEndsAfterAFewTransfers() async throws {
        try await Workshop.open(limits: limits) { shop in
            let digest = Digest(hashing: content)
            shop.upstream.hold(.cut(content, at: 300), as: digest)
            let reading = Task { try await whole(shop, digest) }
            for pause in [500, 1000, 2000] {
                await shop.timers.asleep(for: .milliseconds(pause))
                shop.timers.pass(.milliseconds(pause))
            }
            let error = await #expect(throws: RegistryError.self) { try await reading.value }
            #expect(error?.status == 502)
            #expect(shop.upstream.questions.count == 5)
            #expect(shop.objects.keys == [])
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test func anUpstreamThatAnswersAndBringsNothingDoesNotKeepTheOthersWaiting() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            shop.upstreams[0].hold(.cut(content, at: 300), as: digest)
            _ = shop.upstreams[1].hold(content)
            let bytes = try await whole(shop, digest)
            #expect(bytes == content)
            #expect(shop.upstreams[0].questions == ["GET blob x \(digest)", "GET blob x \(digest)@300-"])
            #expect(shop.upstreams[1].questions == ["GET blob x \(digest)@300-"])
        }
    }

    @Test func wrongBytesAreBlamedOnAllWhoContributed() async throws {
        try await Workshop.open(upstreams: 3, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            shop.upstreams[1].hold(.bytes(content(flippedAt: 900)), as: digest)
            _ = shop.upstreams[2].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            shop.upstreams[0].fail(.refused)
            valve.fail(.cutShort)
            await #expect(throws: RegistryError.self) { try await answer.bytes() }
            shop.upstreams[0].fail(nil)
            let again = try await whole(shop, digest)
            #expect(again == content)
            #expect(shop.upstreams[2].questions == ["GET blob x \(digest)"])
            #expect(shop.upstreams[0].questions.count == 2)
        }
    }

    @Test func aBodyThatBreaksOffBehindItsLastByteIsWhole() async throws {
        try await Workshop.open(limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            valve.send(content)
            valve.fail(.cutShort)
            let bytes = try await whole(shop, digest)
            #expect(bytes == content)
            #expect(shop.upstream.questions.count == 1)
        }
    }

    @Test func aBlobOfUnknownSizeIsContinuedToo() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: nil), as: digest)
            _ = shop.upstreams[1].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            shop.upstreams[0].fail(.refused)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
        }
    }

    @Test func theSameUpstreamIsHeldToTheEntityItBeganWith() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            shop.upstreams[0].hold(.entity(content, tag: "\"one\"", step: 300), as: digest)
            let bytes = try await whole(shop, digest)
            #expect(bytes == content)
            #expect(
                shop.upstreams[0].questions
                    == ["", "@300-\"one\"", "@600-\"one\"", "@900-\"one\""].map { "GET blob x \(digest)\($0)" })
        }
    }

    @Test func anotherEntityIsNotContinuedWith() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000, entity: "\"one\""), as: digest)
            _ = shop.upstreams[1].hold(content)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            // Asked for the rest of the first, it begins the second anew; and this is something else.
            shop.upstreams[0].hold(.entity(content(flippedAt: 100), tag: "\"two\"", step: 1000), as: digest)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
            #expect(shop.upstreams[0].questions.last == "GET blob x \(digest)@400-\"one\"")
            #expect(shop.upstreams[1].questions == ["GET blob x \(digest)@400-"])
        }
    }

    @Test func anotherEntityWithTheSameBytesIsContinuedWith() async throws {
        try await Workshop.open(limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000, entity: "\"one\""), as: digest)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 400)))
            shop.upstream.hold(.entity(content, tag: "\"two\"", step: 1000), as: digest)
            valve.fail(.cutShort)
            #expect(try await answer.bytes() == content)
        }
    }

    @Test func anUpstreamThatDoesNotSayHowMuchItSendsIsHeldToTheManifest() async throws {
        try await Workshop.open(limits: limits) { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            let digest = Digest(hashing: image.layers[0])
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: nil), as: digest)
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            valve.send(image.layers[0])
            valve.send(ByteBuffer(string: "x"))
            let error = await #expect(throws: RegistryError.self) { try await answer.bytes() }
            #expect(error?.message.contains("more bytes of the blob than it may have") == true)
        }
    }

    @Test func whoAnnouncesMoreThanTheManifestSaysIsNotTakenFromAndTheNextIsAsked() async throws {
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let image = Image()
            for upstream in shop.upstreams { image.hold(on: upstream) }
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            let digest = Digest(hashing: image.layers[0])
            let endless = Valve()
            shop.upstreams[0].hold(.valve(endless, size: 400 << 20), as: digest)
            endless.send(ByteBuffer(repeating: 0, count: 1 << 20))
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            #expect(try await answer.bytes() == image.layers[0])
        }
    }

    @Test func whereAllAnnounceMoreNothingIsWritten() async throws {
        try await Workshop.open(limits: limits) { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            let digest = Digest(hashing: image.layers[0])
            let endless = Valve()
            shop.upstream.hold(.valve(endless, size: Int64(image.layers[0].readableBytes) + 1), as: digest)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(repository, digest, range: nil).content.bytes()
            }
            #expect(error?.status == 502)
            #expect(shop.spoolFolder.files() == [])
        }
    }

    @Test func nobodyWaitsForAnAbandonedFill() async throws {
        try await Workshop.open(limits: FillLimits.test(orphans: 0, holdBack: 4)) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            do {
                let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil)
                #expect(answer.content.size == 1000)
            }
            valve.fail(.cutShort)
            _ = shop.upstream.hold(content)
            let again = try await whole(shop, digest)
            #expect(again == content)
        }
    }

    @Test func aFarRangeIsContinuedToo() async throws {
        let limits = FillLimits.test(holdBack: 4, farDistance: 100, farRanges: 2)
        try await Workshop.open(upstreams: 2, limits: limits) { shop in
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstreams[0].hold(.valve(valve, size: 1000), as: digest)
            let repository = try shop.repository("mirror/x")
            let whole = try await shop.registry.blob(repository, digest, range: nil).content
            shop.upstreams[0].hold(.cut(content, at: 950), as: digest)
            _ = shop.upstreams[1].hold(content)
            let far = try await shop.registry.blob(repository, digest, range: .from(900, through: nil)).content
            shop.upstreams[0].fail(.refused)
            #expect(try await far.bytes() == content.getSlice(at: 900, length: 100))
            #expect(shop.upstreams[1].questions == ["GET blob x \(digest)@950-1000"])
            valve.send(content)
            valve.finish()
            #expect(try await whole.bytes() == content)
        }
    }
}
