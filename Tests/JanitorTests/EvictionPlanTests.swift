import Hashing
import NIOCore
import OCI
import Testing

@testable import Janitor

/// What goes, in which order, and what goes with it.
@Suite struct EvictionPlanTests {
    /// A cache of one namespace with one repository, unless said otherwise.
    private struct Shelf {
        var holdings = Holdings(spaces: 2)
        var repository: Int
        private(set) var names: [Int: String] = [:]

        init(_ ownership: Holdings.Ownership = .cached) throws {
            repository = holdings.add(
                Holdings.Repository(name: try #require(RepositoryName("mirror/a")), ownership: ownership, space: 0))
        }

        mutating func content(_ name: String, size: Int64 = 10) -> Int {
            let id = holdings.add(Digest(hashing: ByteBuffer(string: name)), size: size)
            names[id] = name
            return id
        }

        mutating func blob(_ name: String, size: Int64 = 10, at time: Int64 = 0) -> Int {
            let id = content(name, size: size)
            if holdings.grants[.init(repository: repository, content: id)] == nil {
                holdings.grant(id, to: repository, at: time)
            }
            return id
        }

        mutating func manifest(
            _ name: String, used: Int64, again: Bool = false, blobs: [Int] = [], children: [Int] = [],
            subject: Int? = nil
        ) -> Int {
            let own = content(name, size: 1)
            var manifest = Holdings.Manifest(repository: repository, content: own, lastUse: used)
            manifest.isProven = again
            (manifest.blobs, manifest.children, manifest.subject) = (blobs, children, subject)
            holdings.add(manifest)
            return own
        }

        /// Names of what goes: manifests, then in brackets the contents that went with each.
        mutating func evict(
            downTo all: Int64? = nil, olderThan oldest: Int64? = nil, spaces: [Int64?] = [nil, nil], grace: Int64 = .max
        ) -> [String] {
            holdings.settle()
            var plan = EvictionPlan(holdings, grace: grace) { _ in
                .init(oldest: [oldest, oldest], spaces: spaces, all: all)
            }
            var gone: [String] = []
            while let unit = plan.next() {
                let name =
                    switch unit {
                    case .manifest(let index): names[holdings.manifests[index].content] ?? "?"
                    case .grant(let key): "link of " + (names[key.content] ?? "?")
                    }
                let contents = plan.remove(unit).contents.compactMap { names[$0] }.sorted()
                gone.append("\(name) [\(contents.joined(separator: " "))]")
            }
            return gone
        }
    }

    @Test func whatWasNotUsedForLongestGoesFirstWithTheLayersThatOnlyItNeeds() throws {
        var shelf = try Shelf()
        let base = shelf.blob("base")
        _ = shelf.manifest("old", used: 1, blobs: [base, shelf.blob("old layer")])
        _ = shelf.manifest("new", used: 3, blobs: [base, shelf.blob("new layer")])
        _ = shelf.manifest("middle", used: 2, blobs: [base, shelf.blob("middle layer")])
        #expect(shelf.evict(downTo: 22) == ["old [old old layer]", "middle [middle middle layer]"])
    }

    @Test func aScanDoesNotPushOutWhatIsUsedAgainAndAgain() throws {
        var shelf = try Shelf()
        for time in 1...5 { _ = shelf.manifest("used \(time)", used: Int64(time), again: true) }
        for time in 6...20 { _ = shelf.manifest("scan \(time)", used: Int64(time)) }
        // A tenth of them may still prove themselves; then what was used longest ago goes.
        let gone = shelf.evict(downTo: 4)
        #expect(gone.prefix(13).allSatisfy { $0.hasPrefix("scan") })
        #expect(gone.dropFirst(13) == ["used 1 [used 1]", "used 2 [used 2]", "used 3 [used 3]"])
    }

    @Test func anIndexAndTheLastOfItsImagesAreOneWhicheverIsUsedAgain() throws {
        for isIndexUsed in [true, false] {
            var shelf = try Shelf()
            let image = shelf.manifest("image", used: 1, again: !isIndexUsed)
            _ = shelf.manifest("index", used: 2, again: isIndexUsed, children: [image])
            _ = shelf.manifest("signature", used: 1, subject: image)
            _ = shelf.manifest("scan", used: 9)
            #expect(
                shelf.evict(downTo: 0) == ["scan [scan]", "index [index]", "image [image]", "signature [signature]"])
        }
    }

    @Test func aSharedLayerGoesWithTheLastThatNeedsIt() throws {
        var shelf = try Shelf()
        let base = shelf.blob("base")
        for (name, used) in [("a", Int64(1)), ("b", 2)] { _ = shelf.manifest(name, used: used, blobs: [base]) }
        #expect(shelf.evict(downTo: 0) == ["a [a]", "b [b base]"])
    }

    @Test func blobsThatAnIndexNamesGoWithIt() throws {
        var shelf = try Shelf()
        _ = shelf.manifest("index", used: 5, children: [shelf.blob("layer"), shelf.blob("settings")])
        _ = shelf.manifest("other", used: 6)
        #expect(shelf.evict(downTo: 0) == ["index [index layer settings]", "other [other]"])
    }

    @Test func bytesStayAsLongAsAnotherRepositoryHoldsThem() throws {
        var shelf = try Shelf()
        let base = shelf.blob("base")
        _ = shelf.manifest("a", used: 1, blobs: [base])
        shelf.holdings.keep(base)
        // What is pushed too is not counted as the cache's.
        #expect(shelf.evict(downTo: 0) == ["a [a]"])
        #expect(shelf.holdings.size == 1)
    }

    @Test func whatIsTooOldGoesHoweverLittleThereIs() throws {
        var shelf = try Shelf()
        for time in 1...4 { _ = shelf.manifest("m\(time)", used: Int64(time)) }
        #expect(shelf.evict(olderThan: 3) == ["m1 [m1]", "m2 [m2]"])
    }

    @Test func anIndexGoesBeforeTheLastOfItsImagesAndLivesAsLong() throws {
        var shelf = try Shelf()
        let arm = shelf.manifest("arm", used: 1, blobs: [shelf.blob("arm layer")])
        let amd = shelf.manifest("amd", used: 5, blobs: [shelf.blob("amd layer")])
        _ = shelf.manifest("index", used: 2, children: [arm, amd])
        #expect(shelf.evict(downTo: 0) == ["arm [arm arm layer]", "index [index]", "amd [amd amd layer]"])
    }

    @Test func theImageOfAnIndexThatIsUsedIsUsed() throws {
        var shelf = try Shelf()
        let amd = shelf.manifest("amd", used: 1)
        _ = shelf.manifest("index", used: 9, children: [amd])
        _ = shelf.manifest("other", used: 5)
        #expect(shelf.evict(downTo: 2) == ["other [other]"])
    }

    @Test func aSignatureGoesAfterWhatItSigns() throws {
        var shelf = try Shelf()
        let image = shelf.manifest("image", used: 5)
        _ = shelf.manifest("signature", used: 1, subject: image)
        #expect(shelf.evict(downTo: 0) == ["image [image]", "signature [signature]"])
    }

    @Test func whatIsPinnedStaysWithAllThatItNeedsAndCounts() throws {
        var shelf = try Shelf()
        let image = shelf.manifest("image", used: 1, blobs: [shelf.blob("layer")])
        let index = shelf.manifest("index", used: 1, children: [image])
        _ = shelf.manifest("signature", used: 1, subject: index)
        _ = shelf.manifest("other", used: 9)
        shelf.holdings.manifests[1].isPinned = true
        #expect(shelf.evict(downTo: 0) == ["other [other]"])
        #expect(shelf.holdings.size == 14)
    }

    @Test func whatWasPushedIsNeitherCountedNorTakenNorAreItsLayers() throws {
        var shelf = try Shelf(.mixed)
        let layer = shelf.blob("layer")
        _ = shelf.manifest("pushed", used: 1, blobs: [layer])
        _ = shelf.manifest("pulled", used: 2, blobs: [layer])
        shelf.holdings.manifests[0].isKept = true
        #expect(shelf.evict(downTo: 0) == ["pulled [pulled]"])
        #expect(shelf.holdings.size == 1)
    }

    @Test func aBlobThatNoManifestNeedsGoesByItsAgeButNotWhileItMayBePushed() throws {
        var mirror = try Shelf()
        _ = mirror.blob("loose", at: 4)
        #expect(mirror.evict(downTo: 0, grace: 3) == ["link of loose [loose]"])
        var overlay = try Shelf(.mixed)
        _ = overlay.blob("fresh", at: 4)
        _ = overlay.blob("loose", at: 2)
        #expect(overlay.evict(downTo: 0, grace: 3) == ["link of loose [loose]"])
    }

    @Test func aNamespaceComesDownToItsOwnLimitAndLeavesOthersAlone() throws {
        var shelf = try Shelf()
        _ = shelf.manifest("a", used: 2, blobs: [shelf.blob("layer")])
        shelf.repository = shelf.holdings.add(
            Holdings.Repository(name: try #require(RepositoryName("other/b")), ownership: .cached, space: 1))
        _ = shelf.manifest("b", used: 1, blobs: [shelf.blob("layer")])
        // The bytes stay for the other namespace.
        #expect(shelf.evict(spaces: [5, nil]) == ["a [a]"])
    }

    @Test func packedDigestsAreWhatTheyWere() throws {
        for algorithm in Digest.Algorithm.allCases {
            let digest = Digest(hashing: ByteBuffer(string: "x"), with: algorithm)
            #expect(PackedDigest(digest).digest == digest)
        }
    }
}
