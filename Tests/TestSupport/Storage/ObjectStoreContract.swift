public import Storage
internal import Foundation
internal import NIOCore
internal import OCI
internal import Testing

/// What every ``ObjectStore`` must do. Each adapter's tests run all of it.
public enum ObjectStoreContract: String, CaseIterable, Sendable {
    case absenceIsNil
    case whatIsWrittenIsReadBack
    case writingAgainReplaces
    case whatIsWrittenOverSomethingMeetsExactlyThat
    case ofManyWhoWriteWhereThereIsNothingOneDoes
    case whatWasSeenIsCurrentUntilItChanges
    case whoReadsTheOldContentReadsItToItsEnd
    case readingRefusesMoreThanTheLimit
    case emptyObjectsExist
    case adoptingTakesTheFileAway
    case growingObjectsTakeOnlyTheirNextBytes
    case movingTakesTheSourceAway
    case placingTakesExactlyWhatWasWritten
    case whatIsReadRightAwayIsTheSame
    case severalChangesAreCarriedOutTogether
    case settlingTellsWhetherThereIsSomething
    case listsAreSortedPagedAndOneLevelDeep
    case lookingFindsWhatHoldsSomething
    case pruningTakesNothingAway
    case severalAreLookedAtAtOnce
    case deletingRemovesAllBelowAndAbsenceIsNoError
    case manyWritersOfOneKeyLeaveOneWholeObject

    /// Runs one clause against a fresh store.
    ///
    /// - Parameters:
    ///   - isExact: Whether a list of what holds something is looked up for each name.
    ///   - tellsFirst: Whether it can tell who of several was the first.
    public func check(_ store: any ObjectStore, isExact: Bool = true, tellsFirst: Bool = true) async throws {
        switch self {
        case .absenceIsNil:
            #expect(try await store.info(key("no/such")) == nil)
            #expect(try await store.read(key("no/such"), limit: 10) == nil)
            #expect(try await store.content(key("no/such")) == nil)
            #expect(try await store.list(key("no/such"), after: nil, limit: 10) == [])
        case .whatIsWrittenIsReadBack:
            try await store.write(key("a/b/c"), ByteBuffer(string: "text"), .durable)
            let read = try #require(try await store.read(key("a/b/c"), limit: 4))
            #expect(String(buffer: read.bytes) == "text")
            #expect(read.info == (try await store.info(key("a/b/c"))))
            #expect(read.info.size == 4)
            #expect(try await text(store, "a/b/c") == "text")
            // A folder is not an object.
            #expect(try await store.info(key("a/b")) == nil)
        case .writingAgainReplaces:
            try await store.write(key("a"), ByteBuffer(string: "first"), .cached)
            try await store.write(key("a"), ByteBuffer(string: "2nd"), .cached)
            #expect(try await text(store, "a") == "2nd")
        case .whatIsWrittenOverSomethingMeetsExactlyThat:
            let object = try key("over/link")
            func put(_ text: String, over old: String?) async throws -> Bool {
                try await store.write(
                    object, ByteBuffer(string: text), over: old.map { ByteBuffer(string: $0) }, .durable)
            }
            #expect(try await !put("b", over: "a"))
            #expect(try await store.info(object) == nil)
            #expect(try await put("first", over: nil))
            for (text, old) in [("other", nil), ("other", ""), ("other", "fir"), ("x", "first of all")] {
                #expect(try await !put(text, over: old), "\(text) over \(old ?? "nothing")")
            }
            #expect(try await text(store, "over/link") == "first")
            // Done by the first of two tries.
            #expect(try await put("first", over: nil))
            #expect(try await put("second", over: "first"))
            #expect(try await put("second", over: "first"))
            #expect(try await put("second", over: "second"))
            #expect(try await text(store, "over/link") == "second")
            try await store.delete(object)
            #expect(try await !put("third", over: "second"))
            #expect(try await put("third", over: nil))
            #expect(try await text(store, "over/link") == "third")
            #expect(try await store.list(key("over"), after: nil, limit: 10) == ["link"])
        case .ofManyWhoWriteWhereThereIsNothingOneDoes:
            guard tellsFirst else { return }
            for round in 0..<5 {
                let object = try key("first/\(round)")
                let winners = try await withThrowingTaskGroup(of: String?.self) { group in
                    for number in 0..<8 {
                        group.addTask {
                            let bytes = ByteBuffer(string: "\(number)")
                            return try await store.write(object, bytes, over: nil, .durable) ? "\(number)" : nil
                        }
                    }
                    return try await group.reduce(into: [String]()) { all, one in
                        if let one { all.append(one) }
                    }
                }
                #expect(winners.count == 1)
                #expect(try await text(store, "first/\(round)") == winners.first)
            }
        case .whatWasSeenIsCurrentUntilItChanges:
            let object = try key("a/seen")
            #expect(store.sighting(object) == nil)
            var sightings: [any ObjectSighting] = []
            for text in ["one", "two", "six"] {
                try await store.write(object, ByteBuffer(string: text), .cached)
                for old in sightings { #expect(!old.isCurrent) }
                guard let sighting = store.sighting(object) else { continue }
                #expect(sighting.isCurrent)
                sightings.append(sighting)
            }
            try await store.delete(object)
            for old in sightings { #expect(!old.isCurrent) }
            #expect(store.sighting(object) == nil)
        case .whoReadsTheOldContentReadsItToItsEnd:
            try await store.write(key("a"), ByteBuffer(string: "first"), .cached)
            let old = try #require(try await store.content(key("a")))
            try await store.write(key("a"), ByteBuffer(string: "other"), .cached)
            #expect(try Self.text(old) == "first")
            try await store.delete(key("a"))
            #expect(try Self.text(old) == "first")
        case .readingRefusesMoreThanTheLimit:
            try await store.write(key("a"), ByteBuffer(string: "12345"), .cached)
            let error = await #expect(throws: StorageError.self) { try await store.read(key("a"), limit: 4) }
            #expect(error?.code == .tooLarge)
        case .emptyObjectsExist:
            try await store.write(key("a"), ByteBuffer(), .cached)
            #expect(try await store.info(key("a"))?.size == 0)
            #expect(try await text(store, "a") == "")
        case .adoptingTakesTheFileAway:
            let folder = try TemporaryDirectory()
            try Data("grown".utf8).write(to: URL(filePath: folder.file("spool")))
            try await store.adopt(file: folder.file("spool"), as: key("x/y"), .durable)
            #expect(try await text(store, "x/y") == "grown")
            #expect(folder.files() == [])
        case .growingObjectsTakeOnlyTheirNextBytes:
            try await store.append(key("up/data"), ByteBuffer(string: "one"), at: 0)
            try await store.append(key("up/data"), ByteBuffer(string: "two"), at: 3)
            try await store.append(key("up/data"), ByteBuffer(), at: 6)
            #expect(try await text(store, "up/data") == "onetwo")
            for offset: Int64 in [0, 3, 5, 7] {
                let error = await #expect(throws: StorageError.self) {
                    try await store.append(key("up/data"), ByteBuffer(string: "x"), at: offset)
                }
                #expect(error?.code == .conflict, "at \(offset)")
            }
            let error = await #expect(throws: StorageError.self) {
                try await store.append(key("none/data"), ByteBuffer(string: "x"), at: 1)
            }
            #expect(error?.code == .conflict)
            #expect(try await text(store, "up/data") == "onetwo")
        case .movingTakesTheSourceAway:
            try await store.append(key("from/data"), ByteBuffer(string: "grown"), at: 0)
            try await store.write(key("to/place"), ByteBuffer(string: "older"), .cached)
            let old = try #require(try await store.content(key("to/place")))
            try await store.move(key("from/data"), to: key("to/place"), .durable)
            #expect(try await text(store, "to/place") == "grown")
            #expect(try await store.info(key("from/data")) == nil)
            #expect(try Self.text(old) == "older")
            let error = await #expect(throws: StorageError.self) {
                try await store.move(key("from/data"), to: key("to/place"), .durable)
            }
            #expect(error?.code == .absent)
            #expect(try await text(store, "to/place") == "grown")
        case .whatIsReadRightAwayIsTheSame:
            for size in [0, 9, 200_000] {
                let bytes = ByteBuffer.pattern(count: size)
                try await store.write(key("read/\(size)"), bytes, .cached)
                for part: ByteRange? in [
                    nil, .from(0, through: nil), .from(0, through: 4), .from(5, through: 150_000),
                    .from(7, through: nil),
                    .from(8, through: .max), .from(.max, through: nil), .from(5, through: 2), .suffix(3),
                ] {
                    let content = try #require(try await store.content(key("read/\(size)"), reading: part))
                    #expect(content.size == Int64(size))
                    let wanted = part.map { $0.resolved(size: content.size) ?? 0..<0 } ?? 0..<content.size
                    // Twice: the first reader's transfer is nobody else's; and by who wants another part after all.
                    for range in [wanted, wanted, 0..<min(3, content.size)] {
                        let found = try await Self.bytes(content, range)
                        #expect(found == bytes.getSlice(at: Int(range.lowerBound), length: range.count))
                    }
                }
            }
            #expect(try await store.content(key("read/none"), reading: nil) == nil)
        case .placingTakesExactlyWhatWasWritten:
            try await store.append(key("from/data"), ByteBuffer(string: "one"), at: 0)
            try await store.append(key("from/data"), ByteBuffer(string: "two"), at: 3)
            for size: Int64 in [3, 7] {
                let error = await #expect(throws: StorageError.self) {
                    try await place(store, size)
                }
                #expect(error?.code == .conflict)
            }
            #expect(try await store.info(key("to/place")) == nil)
            try await place(store, 6)
            #expect(try await text(store, "to/place") == "onetwo")
            try await store.write(key("from/start"), ByteBuffer(string: "1"), .cached)
            try await store.delete([key("from/start"), key("from/data"), key("from/none")])
            #expect(try await store.list(key("from"), after: nil, limit: 10) == [])
            let error = await #expect(throws: StorageError.self) {
                try await place(store, 6)
            }
            #expect(error?.code == .absent)
            #expect(try await text(store, "to/place") == "onetwo")
        case .severalChangesAreCarriedOutTogether:
            try await severalChanges(store)
        case .settlingTellsWhetherThereIsSomething:
            #expect(try await store.settle(key("c/d")) == false)
            try await store.write(key("c/d"), ByteBuffer(string: "cached"), .cached)
            #expect(try await store.settle(key("c/d")))
            #expect(try await text(store, "c/d") == "cached")
        case .listsAreSortedPagedAndOneLevelDeep:
            for name in ["b", "a", "Z", "c/deep/er", "a-b", "c/deeper"] {
                try await store.write(key("root/\(name)"), ByteBuffer(string: name), .cached)
            }
            #expect(try await store.list(key("root"), after: nil, limit: 10) == ["Z", "a", "a-b", "b", "c"])
            #expect(try await store.list(key("root"), after: nil, limit: 2) == ["Z", "a"])
            for name in ["b/deep/link", "a/deep/link", "a-b/other", "c/deep/link", "d"] {
                try await store.write(key("some/\(name)"), ByteBuffer(string: name), .cached)
            }
            func holding(_ child: String, after last: String? = nil, _ limit: Int) async throws -> [String] {
                let names = try await store.list(key("some"), holding: child, after: last, limit: limit)
                return isExact || limit <= 2 ? names : names.filter { $0 != "a-b" && $0 != "d" }
            }
            #expect(try await holding("deep/link", 10) == ["a", "b", "c"])
            #expect(try await holding("deep/link", after: "a", 10) == ["b", "c"])
            #expect(try await holding("deep/link", 1) == ["a"])
            #expect(try await holding("deep", isExact ? 10 : 2) == [])
            #expect(try await store.list(key("root"), after: "a", limit: 2) == ["a-b", "b"])
            #expect(try await store.list(key("root"), after: "aa", limit: 2) == ["b", "c"])
        case .lookingFindsWhatHoldsSomething:
            for name in ["a/link", "b/link", "c/other"] {
                try await store.write(key("looked/\(name)"), ByteBuffer(string: name), .cached)
            }
            let look = try #require(try await store.look(at: key("looked"), for: "link", unless: nil))
            #expect(look.holding.sorted() == (isExact ? ["a", "b"] : ["a", "b", "c"]))
            #expect(Set(look.empty).isSubset(of: ["c"]))
            let all = try await store.look(at: key("looked"), for: nil, unless: nil)
            #expect(all?.holding.sorted() == ["a", "b", "c"])
            let none = try await store.look(at: key("nothing"), for: "link", unless: nil)
            #expect(none?.holding == [] && none?.empty == [])
        case .pruningTakesNothingAway:
            try await store.write(key("pruned/a/link"), ByteBuffer(string: "1"), .cached)
            try await store.prune(key("pruned/a"))
            try await store.prune(key("pruned/no/such"))
            #expect(try await text(store, "pruned/a/link") == "1")
            try await store.delete(key("pruned/a/link"))
            try await store.prune(key("pruned/a"))
            #expect(try await store.list(key("pruned"), after: nil, limit: 10) == [])
        case .severalAreLookedAtAtOnce:
            try await store.write(key("s/start"), ByteBuffer(string: "12"), .cached)
            try await store.write(key("s/starting"), ByteBuffer(string: "123"), .cached)
            try await store.append(key("s/data"), ByteBuffer(string: "one"), at: 0)
            try await store.append(key("s/data"), ByteBuffer(string: "more"), at: 3)
            try await store.write(key("t/other"), ByteBuffer(), .cached)
            for keys in [
                ["s/start", "s/data", "s/none", "s/star"], ["s/none", "t/other", "s/data"], ["s/data"], ["x/a", "y/b"],
                [],
            ] {
                let keys = try keys.map { try key($0) }
                let found = try await store.infos(keys)
                var expected: [ObjectInfo?] = []
                for key in keys { expected.append(try await store.info(key)) }
                #expect(found.map { $0?.size } == expected.map { $0?.size })
                #expect(found.map { $0?.modified } == expected.map { $0?.modified })
            }
            // What was looked at can grow on.
            try await store.append(key("s/data"), ByteBuffer(string: "!"), at: 7)
            #expect(try await text(store, "s/data") == "onemore!")
        case .deletingRemovesAllBelowAndAbsenceIsNoError:
            try await store.write(key("a/b/c"), ByteBuffer(string: "1"), .cached)
            try await store.write(key("a/bb"), ByteBuffer(string: "2"), .cached)
            try await store.delete(key("a/b"))
            try await store.delete(key("a/b"))
            #expect(try await store.info(key("a/b/c")) == nil)
            #expect(try await text(store, "a/bb") == "2")
        case .manyWritersOfOneKeyLeaveOneWholeObject:
            let texts = (0..<32).map { String(repeating: "\($0 % 10)", count: 10_000) }
            try await withThrowingTaskGroup { group in
                for text in texts {
                    group.addTask { try await store.write(try key("contended/key"), ByteBuffer(string: text), .cached) }
                }
                try await group.waitForAll()
            }
            #expect(texts.contains(try await text(store, "contended/key")))
            #expect(try await store.list(key("contended"), after: nil, limit: 10) == ["key"])
        }
    }

    private func severalChanges(_ store: any ObjectStore) async throws {
        try await store.append(key("session/data"), ByteBuffer(string: "content"), at: 0)
        try await store.write(key("tags/current"), ByteBuffer(string: "old"), .durable)
        try await store.carryOut(
            [
                .place(key("session/data"), try await store.grown(key("session/data"), 7), at: key("blobs/new/data")),
                .write(key("links/deep/er/link"), ByteBuffer(string: "link")),
                .write(key("tags/current"), ByteBuffer(string: "new")),
            ], .durable)
        #expect(try await text(store, "blobs/new/data") == "content")
        #expect(try await text(store, "links/deep/er/link") == "link")
        #expect(try await text(store, "tags/current") == "new")
        try await store.carryOut([], .durable)
        // What comes after a change that fails is not carried out.
        try await store.append(key("more/data"), ByteBuffer(string: "more"), at: 0)
        for (source, size, code) in [("none/data", 7, StorageError.Code.absent), ("more/data", 2, .conflict)] {
            let error = await #expect(throws: StorageError.self) {
                try await store.carryOut(
                    [
                        .place(key(source), GrownObject(size: Int64(size), stamp: ""), at: key("blobs/other/data")),
                        .write(key("links/other"), ByteBuffer(string: "link")),
                    ], .durable)
            }
            #expect(error?.code == code)
            #expect(try await store.info(key("blobs/other/data")) == nil)
            #expect(try await store.info(key("links/other")) == nil)
        }
        #expect(try await store.info(key("more/data"))?.size == 4)
    }

    /// What is at `from/data`, if it is so long.
    private func place(_ store: any ObjectStore, _ size: Int64) async throws {
        let key = try key("from/data")
        let growth = try await store.info(key)?.growth
        let known = growth?.beginning(size) ?? GrownObject(size: size, stamp: nil)
        try await store.place(key, known, at: self.key("to/place"), .durable)
    }

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    private func text(_ store: any ObjectStore, _ path: String) async throws -> String {
        let content = try #require(try await store.content(key(path)))
        guard case .remote(let object) = content else { return try Self.text(content) }
        return String(buffer: try await object.body(0..<object.size).collect())
    }

    private static func bytes(_ content: ObjectContent, _ range: Range<Int64>) async throws -> ByteBuffer? {
        switch content {
        case .bytes(let bytes): bytes.getSlice(at: bytes.readerIndex + Int(range.lowerBound), length: range.count)
        case .file(let file, _):
            range.isEmpty ? ByteBuffer() : file.bytes(at: range.lowerBound, count: range.count)
        case .remote(let object): try await object.body(range).collect()
        }
    }

    private static func text(_ content: ObjectContent) throws -> String {
        switch content {
        case .bytes(let bytes): String(buffer: bytes)
        // Read later it may be another one, or none.
        case .remote: throw StorageError(.io, "a small object is not read at once")
        case .file(let file, let size): String(buffer: try #require(file.bytes(count: Int(size))))
        }
    }
}
