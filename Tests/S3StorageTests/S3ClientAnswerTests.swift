import CurlClient
import NIOConcurrencyHelpers
import NIOCore
import SigV4
import Storage
import TestSupport
import Testing
import Threads

@testable import S3Storage

/// Against answers of our own, which no server would give for long.
@Suite struct S3ClientAnswerTests {
    private static let curl = CurlClient(proxies: .none)

    private final class Pauses: Sendable {
        let taken = NIOLockedValueBox<[Duration]>([])
    }

    private func client(
        _ server: ScriptedHTTPServer, credentials: any S3CredentialSource, now: Int64 = 1_700_000_000,
        pauses: Pauses = Pauses(), prefix: String = ""
    ) -> S3Client {
        let settings = S3Settings.test("127.0.0.1:\(server.port)", bucket: "bucket", prefix: prefix)
        return S3Client(
            settings, credentials: credentials, curl: Self.curl, now: { now },
            pause: { pause in pauses.taken.withLockedValue { $0.append(pause) } })
    }

    private static let fixed = FixedCredentials(SigV4Credentials(accessKeyID: "AKID", secretKey: "hush"))

    private func with(
        _ answer: @escaping @Sendable (TestRequest, Int) -> TestResponse, prefix: String = "",
        credentials: any S3CredentialSource = fixed,
        _ body: (S3Client, ScriptedHTTPServer, Pauses) async throws -> Void
    ) async throws {
        let count = NIOLockedValueBox(0)
        let pauses = Pauses()
        try await ScriptedHTTPServer.run { request in
            let number = count.withLockedValue { count in
                count += 1
                return count - 1
            }
            return answer(request, number)
        } _: { server in
            try await body(client(server, credentials: credentials, pauses: pauses, prefix: prefix), server, pauses)
        }
    }

    private static func refusal(_ status: Int, _ code: String, _ rest: String = "") -> TestResponse {
        .answer(status, text: "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message>\(rest)</Error>")
    }

    private static func object(_ text: String) -> TestResponse {
        .answer(
            206, [("ETag", "\"e\""), ("Content-Range", "bytes 0-\(text.utf8.count - 1)/\(text.utf8.count)")], text: text
        )
    }

    /// Its marker was written when it began; of what has come since only its parts tell.
    @Test func aRowWasWrittenToWhenItsLastPartWas() async throws {
        let start = "2026-01-01T00:00:00.000Z"
        try await with { request, _ in
            if request.query?.contains("list-type=2") == true {
                return .answer(
                    200,
                    text: "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>up/data/upload</Key>"
                        + "<Size>3</Size><LastModified>\(start)</LastModified></Contents></ListBucketResult>")
            }
            if request.query?.contains("uploadId=id1") == true {
                let parts = [1, 2].map { number in
                    "<Part><PartNumber>\(number)</PartNumber><ETag>e</ETag><Size>5</Size>"
                        + "<LastModified>2026-01-01T00:0\(number):10.000Z</LastModified></Part>"
                }
                return .answer(200, text: "<ListPartsResult>\(parts.joined())</ListPartsResult>")
            }
            return Self.object("id1")
        } _: { client, _, _ in
            let store = S3Store(client, pool: .shared) { _ in .growing }
            let info = try await store.info(try #require(ObjectKey("up/data")))
            #expect(info?.size == 10)
            #expect(info?.modified == ISODate.seconds(start).map { $0 + 130 })
        }
    }

    @Test(arguments: [
        (503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (502, ""), (429, ""),
        (409, "OperationAborted"),
    ])
    func whatMayPassIsTriedAgain(status: Int, code: String) async throws {
        try await with { _, number in
            number < 2 ? Self.refusal(status, code) : .answer(200, [("ETag", "\"e\"")])
        } _: { client, server, pauses in
            try await client.put("k", ByteBuffer(string: "x"))
            #expect(server.requests.count == 3)
            #expect(pauses.taken.withLockedValue { $0.count } == 2)
        }
    }

    @Test func triesAreCountedAndTheirPausesGrowByChance() async throws {
        try await with { _, _ in
            Self.refusal(503, "SlowDown")
        } _: { client, server, pauses in
            let error = await #expect(throws: S3Error.self) { try await client.put("k", ByteBuffer(string: "x")) }
            #expect(error?.code == "SlowDown" && error?.kind == .unavailable)
            #expect(server.requests.count == 5)
            let taken = pauses.taken.withLockedValue { $0 }
            for (index, pause) in taken.enumerated() { #expect(pause <= .milliseconds(100 << (index + 1))) }
        }
    }

    @Test(arguments: ["NoSuchBucket", "AccessDenied", "InvalidArgument", "QuotaExceeded"])
    func whatStaysSoIsNotTriedAgain(code: String) async throws {
        try await with { _, _ in
            Self.refusal(403, code)
        } _: { client, server, _ in
            await #expect(throws: S3Error.self) { try await client.put("k", ByteBuffer(string: "x")) }
            #expect(server.requests.count == 1)
        }
    }

    @Test func anErrorWithinA200IsAnError() async throws {
        try await with { _, _ in
            Self.refusal(200, "InternalError")
        } _: { client, server, _ in
            let error = await #expect(throws: S3Error.self) { try await client.copy("a", to: "b") }
            #expect(error?.code == "InternalError")
            #expect(server.requests.count == 5)
            await #expect(throws: S3Error.self) {
                try await client.completeUpload("b", "u", [S3Part(number: 1, entity: "e")], size: 1)
            }
        }
    }

    @Test func allWaysToFailShareTheTriesOfARequest() async throws {
        try await with { _, number in
            number % 2 == 0 ? Self.refusal(200, "InternalError") : Self.refusal(503, "SlowDown")
        } _: { client, server, _ in
            await #expect(throws: S3Error.self) { try await client.copy("a", to: "b") }
            #expect(server.requests.count == 5)
        }
    }

    @Test func theServersClockIsFollowed() async throws {
        try await with { request, _ in
            request.header("x-amz-date") == "20231114T231320Z"
                ? .answer(200, [("ETag", "\"e\"")])
                : .answer(
                    403, [("Date", "Tue, 14 Nov 2023 23:13:20 GMT")],
                    text: "<Error><Code>RequestTimeTooSkewed</Code></Error>")
        } _: { client, server, pauses in
            try await client.put("k", ByteBuffer(string: "x"))
            try await client.put("k", ByteBuffer(string: "x"))
            #expect(server.requests.count == 3)
            #expect(pauses.taken.withLockedValue { $0.isEmpty })
        }
    }

    @Test func theRightRegionIsFollowedOnce() async throws {
        try await with { request, _ in
            request.header("authorization")?.contains("/eu-central-1/s3/") == true
                ? .answer(200, [("ETag", "\"e\"")])
                : Self.refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>")
        } _: { client, server, _ in
            try await client.put("k", ByteBuffer(string: "x"))
            #expect(server.requests.count == 2)
        }
        try await with { _, number in
            .answer(301, [("x-amz-bucket-region", "eu-west-\(number)")], text: "")
        } _: { client, server, _ in
            await #expect(throws: S3Error.self) { try await client.put("k", ByteBuffer(string: "x")) }
            #expect(server.requests.count == 2)
        }
    }

    @Test func aBodyThatBreaksOffIsTakenUpWhereItEnded() async throws {
        let content = ByteBuffer.pattern(count: 1 << 20)
        try await with { request, number in
            guard let range = request.header("range")?.dropFirst(6).split(separator: "-"),
                let first = Int(range[0]), let last = Int(range[1])
            else { return .answer(500) }
            let part = content.getSlice(at: first, length: last - first + 1) ?? ByteBuffer()
            let head = TestResponse.head(
                206, [("ETag", "\"e\""), ("Content-Range", "bytes \(first)-\(last)/\(content.readableBytes)")],
                length: part.readableBytes)
            guard number < 3 else { return TestResponse(steps: [.bytes(head), .bytes(part)]) }
            let torn = part.getSlice(at: part.readerIndex, length: part.readableBytes / 2) ?? part
            return TestResponse(steps: [.bytes(head), .bytes(torn), .close])
        } _: { client, server, _ in
            let extent = S3Body.Extent(key: "k", size: Int64(content.readableBytes), entity: "\"e\"")
            let body = S3Body(client, [extent], 10..<Int64(content.readableBytes - 7))
            var found = ByteBuffer()
            while let piece = try await body.next() { found.writeImmutableBuffer(piece) }
            #expect(found == content.getSlice(at: 10, length: content.readableBytes - 17))
            #expect(server.requests.count == 4)
            #expect(server.requests.allSatisfy { $0.header("if-match") == "\"e\"" })
        }
    }

    @Test func aBodyThatComesByteByByteIsGivenUp() async throws {
        try await with { request, _ in
            let first = request.header("range").flatMap { Int($0.dropFirst(6).prefix { $0 != "-" }) } ?? 0
            let head = TestResponse.head(
                206, [("ETag", "\"e\""), ("Content-Range", "bytes \(first)-999999/1000000")], length: 1_000_000 - first)
            return TestResponse(steps: [.bytes(head), .bytes(ByteBuffer(string: "x")), .close])
        } _: { client, server, pauses in
            let body = S3Body(client, [S3Body.Extent(key: "k", size: 1_000_000, entity: "\"e\"")], 0..<1_000_000)
            await #expect(throws: S3Error.self) { while try await body.next() != nil {} }
            #expect(server.requests.count <= 5)
            #expect(pauses.taken.withLockedValue { $0.count } == 4)
        }
    }

    @Test func aStoreThatCannotCopyIsReadAndWritten() async throws {
        try await with { request, _ in
            if request.header("x-amz-copy-source") != nil { return Self.refusal(501, "NotImplemented") }
            return request.method == "GET" ? Self.object("content") : .answer(200, [("ETag", "\"e\"")])
        } _: { client, server, _ in
            try await S3Store(client, pool: .shared).copy("a", 7, to: "b")
            let last = try #require(server.requests.last)
            #expect(last.method == "PUT" && last.path == "/bucket/b" && last.body == ByteBuffer(string: "content"))
            #expect(!server.requests.contains { $0.path.contains("uploads") })
        }
    }

    private enum Written: Sendable, CaseIterable {
        /// The answer to the write that was carried out is lost, and its second try meets itself.
        case byAnEarlierTry
        case bySomebodyElse
        case bySomebodyWhoRemovedIt
    }

    @Test(arguments: Written.allCases, [nil, "old"])
    private func whoWroteTellsFromHim(who: Written, old: String?) async throws {
        try await with { request, number in
            if request.method == "GET" {
                if number == 0, let old { return Self.object(old) }
                switch who {
                case .byAnEarlierTry: return Self.object("mine")
                case .bySomebodyElse: return Self.object("your")
                case .bySomebodyWhoRemovedIt: return Self.refusal(404, "NoSuchKey")
                }
            }
            let condition = old == nil ? request.header("if-none-match") == "*" : request.header("if-match") == "\"e\""
            guard condition else { return Self.refusal(400, "InvalidArgument") }
            if who == .byAnEarlierTry, number == (old == nil ? 0 : 1) { return Self.refusal(500, "InternalError") }
            return Self.refusal(412, "PreconditionFailed")
        } _: { client, server, _ in
            let store = S3Store(client, pool: .shared)
            store.conditions.areKept = true
            let isWritten = try await store.write(
                try #require(ObjectKey("k")), ByteBuffer(string: "mine"), over: old.map { ByteBuffer(string: $0) },
                .durable)
            #expect(isWritten == (who == .byAnEarlierTry))
            #expect(server.requests.filter { $0.method == "PUT" }.count == (who == .byAnEarlierTry ? 2 : 1))
        }
    }

    /// A key that may only read, a full bucket, and one that is too busy.
    @Test(arguments: [(403, "AccessDenied"), (507, "QuotaExceeded"), (503, "SlowDown")])
    func aBucketThatTakesNoWritesIsOpenedAndTriedAgainLater(status: Int, code: String) async throws {
        let takesWrites = NIOLockedValueBox(false)
        try await with { request, _ in
            if request.method == "GET" {
                return request.path.hasSuffix("k")
                    ? Self.refusal(404, "NoSuchKey") : Self.object(RegistryLayout.version)
            }
            guard takesWrites.withLockedValue({ $0 }) else { return Self.refusal(status, code) }
            return request.path.hasSuffix("k")
                ? .answer(200, [("ETag", "\"f\"")]) : Self.refusal(412, "PreconditionFailed")
        } _: { client, server, _ in
            let store = S3Store(client, pool: .shared)
            try await store.prepare()
            #expect(store.warning?.contains(code) == true)
            let key = try #require(ObjectKey("k"))
            func write() async throws -> Bool {
                try await store.write(key, ByteBuffer(string: "mine"), over: nil, .durable)
            }
            await #expect(throws: StorageError.self) { try await write() }
            // Nothing was written without its condition meanwhile.
            #expect(server.requests.allSatisfy { $0.method == "GET" || $0.header("If-None-Match") == "*" })
            takesWrites.withLockedValue { $0 = true }
            #expect(try await write())
            #expect(store.conditions.areKept && store.warning == nil)
        }
    }

    @Test func aStoreThatKnowsNoOtherConditionIsWrittenToInOrder() async throws {
        try await with { request, _ in
            if request.method == "GET" { return Self.object("old") }
            if request.header("if-match") != nil { return Self.refusal(501, "NotImplemented") }
            return .answer(200, [("ETag", "\"f\"")])
        } _: { client, server, _ in
            let store = S3Store(client, pool: .shared)
            store.conditions.areKept = true
            let isWritten = try await store.write(
                try #require(ObjectKey("k")), ByteBuffer(string: "new"), over: ByteBuffer(string: "old"), .durable)
            #expect(isWritten)
            #expect(server.requests.map(\.method) == ["GET", "PUT", "PUT"])
        }
    }

    @Test func moreThanAThousandAreRemovedByThousands() async throws {
        try await with { request, _ in
            request.method == "POST" ? .answer(200, text: "<DeleteResult/>") : .answer(204)
        } _: { client, server, _ in
            try await client.remove((0..<2001).map { "k\($0)" })
            #expect(server.requests.map(\.method) == ["POST", "POST", "DELETE"])
            try await client.remove([])
            #expect(server.requests.count == 3)
        }
    }

    @Test func whatTheStoreListsForEverIsNotRemovedForEver() async throws {
        let page = """
            <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>
            <Contents><Key>x/a</Key><Size>1</Size></Contents></ListBucketResult>
            """
        try await with { request, _ in
            request.method == "GET" ? .answer(200, text: page) : .answer(204)
        } _: { client, server, _ in
            let key = try #require(ObjectKey("x"))
            await #expect(throws: StorageError.self) { try await S3Store(client, pool: .shared).delete(key) }
            #expect(server.requests.count < 20)
        }
    }

    @Test func anotherObjectInItsPlaceIsNoContinuation() async throws {
        try await with { _, _ in
            Self.refusal(412, "PreconditionFailed")
        } _: { client, _, _ in
            let body = S3Body(client, [S3Body.Extent(key: "k", size: 10, entity: "\"e\"")], 0..<10)
            let error = await #expect(throws: S3Error.self) { try await body.next() }
            #expect(error?.kind == .conflict)
        }
    }

    @Test(arguments: [
        "bytes 1-3/4", "bytes 0-9/4", "bytes 0-4/4", "bytes */4", "items 0-3/4", "bytes 0-3", "bytes 0-3/x", "",
    ])
    func anotherRangeThanWasAskedForIsRefused(range: String) async throws {
        try await with { _, _ in
            .answer(206, [("ETag", "\"e\""), ("Content-Range", range)], text: "abcd")
        } _: { client, _, _ in
            await #expect(throws: S3Error.self) { try await client.get("k", 0..<4) }
        }
    }

    @Test func keysOutsideOfThePrefixArePassedOver() async throws {
        let page = """
            <ListBucketResult><IsTruncated>false</IsTruncated>
            <Contents><Key>other/a</Key><Size>1</Size></Contents><Contents><Key>mine/x/a</Key><Size>1</Size></Contents>
            <Contents><Key>mine/x/b</Key><Size>-1</Size></Contents><Contents><Key>../mine/x/c</Key><Size>1</Size></Contents>
            <CommonPrefixes><Prefix>mine/x/d/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>x/e/</Prefix></CommonPrefixes>
            <CommonPrefixes><Prefix>mine/x/../</Prefix></CommonPrefixes><CommonPrefixes><Prefix>mine/x//</Prefix></CommonPrefixes>
            </ListBucketResult>
            """
        try await with({ _, _ in .answer(200, text: page) }, prefix: "mine") { client, _, _ in
            let key = try #require(ObjectKey("x"))
            #expect(try await S3Store(client, pool: .shared).list(key, after: nil, limit: 10) == ["a", "d"])
        }
    }

    @Test(arguments: [
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "<html></html", "",
        "<!DOCTYPE x><ListBucketResult/>", "<Error><Code>Nonsense</Code></Error>",
    ])
    func aListThatIsNoneIsAnError(text: String) async throws {
        try await with { _, _ in
            .answer(200, text: text)
        } _: { client, _, _ in
            await #expect(throws: S3Error.self) {
                try await client.page("a", delimiter: nil, limit: 10)
            }
        }
    }

    @Test func aListWithoutAnEndIsLeft() async throws {
        let page =
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
        try await with { _, _ in
            .answer(200, text: page)
        } _: { client, server, _ in
            let key = try #require(ObjectKey("x"))
            await #expect(throws: StorageError.self) {
                try await S3Store(client, pool: .shared).list(key, after: nil, limit: 10)
            }
            #expect(server.requests.count == 2)
        }
    }

    @Test func aListThatGoesRoundInCirclesIsLeft() async throws {
        try await with { _, number in
            .answer(
                200,
                text: """
                    <ListBucketResult><IsTruncated>true</IsTruncated>
                    <NextContinuationToken>t\(number)</NextContinuationToken>
                    <Contents><Key>x/\(number % 3)</Key><Size>1</Size></Contents></ListBucketResult>
                    """)
        } _: { client, server, _ in
            let key = try #require(ObjectKey("x"))
            let error = await #expect(throws: StorageError.self) {
                try await S3Store(client, pool: .shared).list(key, after: nil, limit: .max)
            }
            #expect(error?.message.contains("comes back") == true)
            #expect(server.requests.count < 20)
        }
    }

    @Test func whatTheStoreSaysGetsIntoNoLogAsItIs() async throws {
        try await with { _, _ in
            .answer(
                403,
                text:
                    "<Error><Code>A\u{1B}[31mB</Code><Message>line&#10;two \(String(repeating: "x", count: 9000))</Message></Error>"
            )
        } _: { client, _, _ in
            let error = await #expect(throws: S3Error.self) { try await client.put("k", ByteBuffer()) }
            let text = error?.description ?? ""
            #expect(!text.contains("\n") && !text.contains("\u{1B}") && text.utf8.count < 500)
            #expect(!text.contains("hush"))
        }
    }

    @Test func aRefusalThatNeverEndsIsNotWaitedFor() async throws {
        try await with { _, _ in
            TestResponse(steps: [
                .bytes(TestResponse.head(403, [], length: 1 << 40)),
                .endless(ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)),
            ])
        } _: { client, _, _ in
            let error = await #expect(throws: S3Error.self) { try await client.put("k", ByteBuffer()) }
            #expect(error?.kind == .denied)
        }
    }

    private final class Renewed: S3CredentialSource {
        let isNew = NIOLockedValueBox(false)
        func credentials() async throws(S3Error) -> S3Credentials {
            S3Credentials(SigV4Credentials(accessKeyID: isNew.withLockedValue { $0 } ? "NEW" : "OLD", secretKey: "s"))
        }
        func areReplaced(_ refused: S3Credentials) async -> Bool {
            isNew.withLockedValue { $0 = true }
            return refused.credentials.accessKeyID == "OLD"
        }
    }

    @Test func credentialsThatWereReplacedAreTaken() async throws {
        try await with(
            { request, _ in
                request.header("authorization")?.contains("Credential=NEW/") == true
                    ? .answer(200, [("ETag", "\"e\"")]) : Self.refusal(400, "ExpiredToken")
            }, credentials: Renewed()
        ) { client, server, _ in
            try await client.put("k", ByteBuffer())
            #expect(server.requests.count == 2)
        }
    }
}
