import Coordination
import CurlClient
import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import SigV4
import Storage
import TestSupport
import Testing
import Threads

@testable import Registry
@testable import S3Storage

/// Requests to one upload session that come to different replicas, in all their orders: whatever is acknowledged under a digest has
/// the bytes of that digest.
@Suite(.timeLimit(.minutes(3))) struct TwoReplicasPushTests {
    fileprivate static let partSize = 100
    fileprivate static let (first, good, bad) = (part(1), part(2), part(3))
    private static let last = ByteBuffer(string: "z")
    fileprivate static let whole = joined([first, good, last])
    fileprivate static let digest = Digest(hashing: whole)

    private static func part(_ byte: UInt8) -> ByteBuffer { ByteBuffer(repeating: byte, count: partSize) }

    private static func joined(_ pieces: [ByteBuffer]) -> ByteBuffer {
        var all = ByteBuffer()
        for piece in pieces { all.writeImmutableBuffer(piece) }
        return all
    }

    /// Whether replicas can agree on who writes, or nobody can be asked.
    enum Order: CaseIterable { case agreed, alone }

    private struct Cluster {
        let bucket: BucketOfParts
        let replicas: [Uploads]
        let stores: [RegistryStore]
        let repository: RepositoryName
        /// What is to happen before a request of a replica.
        let before: NIOLockedValueBox<[@Sendable () async -> Void]>

        /// A session to which the second replica has written the first part.
        ///
        /// - Parameter isHeld: Whether the blob is in the bucket, pushed by somebody else.
        func session(isHeld: Bool) async throws -> OpenUploads.Key {
            bucket.remove(RegistryLayout.layerLink(digest, in: repository).path)
            bucket.remove(RegistryLayout.blob(digest).path)
            if isHeld { bucket.put(RegistryLayout.blob(digest).path, whole) }
            let key = OpenUploads.Key(repository: repository, id: UploadID())
            _ = try await replicas[1].begin(key, .sha256)
            _ = try await replicas[1].append(key, UploadPart(range: 0..<100), from: Body(first).next)
            return key
        }
    }

    private func cluster(_ order: Order, _ body: (Cluster) async throws -> Void) async throws {
        let bucket = BucketOfParts()
        let before = NIOLockedValueBox<[@Sendable () async -> Void]>([{}, {}])
        let background = BackgroundWork()
        let agreement = MemoryCoordination()
        try await withThrowingTaskGroup { group in
            group.addTask { try await background.run() }
            try await ScriptedHTTPServer.run {
                await before.withLockedValue { $0[0] }()
                return bucket.answer($0)
            } _: { one in
                try await ScriptedHTTPServer.run {
                    await before.withLockedValue { $0[1] }()
                    return bucket.answer($0)
                } _: { other in
                    var stores: [RegistryStore] = []
                    for server in [one, other] {
                        var settings = S3Settings.test("127.0.0.1:\(server.port)", bucket: "bucket")
                        settings.partSize = Self.partSize
                        settings.keepsConditions = true
                        let client = S3Client(
                            settings,
                            credentials: FixedCredentials(SigV4Credentials(accessKeyID: "AKID", secretKey: "hush")),
                            curl: CurlClient(proxies: .none), now: { 1_700_000_000 })
                        let store = S3Store(client, pool: .shared)
                        try await store.prepare()
                        stores.append(RegistryStore(objects: store))
                    }
                    // The third begins without memory, in the place of the first.
                    let replicas = (stores + [stores[0]]).map { store in
                        let locks = ClusterLocks(order == .agreed ? agreement : nil)
                        return Uploads(
                            store: store, background: background, pool: .shared, limits: Adjustable(.test()),
                            locks: WriterOrder(locks) { CoordinationKey(.upload, "\($0.repository)/\($0.id)") },
                            soonHashed: 0,
                            now: { 1_700_000_000 })
                    }
                    let repository = try #require(RepositoryName("local/evil"))
                    try await body(
                        Cluster(
                            bucket: bucket, replicas: replicas, stores: stores, repository: repository, before: before))
                }
            }
            group.cancelAll()
        }
    }

    /// Gives its bytes when it may.
    private final class Body: Sendable {
        private let rest: NIOLockedValueBox<ByteBuffer?>
        private let isAsked: AsyncStream<Void>.Continuation?
        private let gate: AsyncStream<Void>?

        init(_ bytes: ByteBuffer, isAsked: AsyncStream<Void>.Continuation? = nil, gate: AsyncStream<Void>? = nil) {
            rest = NIOLockedValueBox(bytes.readableBytes > 0 ? bytes : nil)
            (self.isAsked, self.gate) = (isAsked, gate)
        }

        @Sendable func next() async throws(RegistryError) -> ByteBuffer? {
            isAsked?.yield()
            isAsked?.finish()
            if let gate { for await _ in gate {} }
            return rest.withLockedValue { rest in
                defer { rest = nil }
                return rest
            }
        }
    }

    /// A request in two steps: up to where it asks for its content, and from there to its end.
    private final class Exchange: Sendable {
        private let asked = AsyncStream<Void>.makeStream()
        private let gate = AsyncStream<Void>.makeStream()
        private let over = AsyncStream<Void>.makeStream()
        private let send: @Sendable (Body) async throws -> UploadOutcome
        let bytes: ByteBuffer
        let outcome = NIOLockedValueBox<UploadOutcome?>(nil)

        init(_ bytes: ByteBuffer, _ send: @escaping @Sendable (Body) async throws -> UploadOutcome) {
            (self.bytes, self.send) = (bytes, send)
        }

        func run() async {
            let body = Body(bytes, isAsked: asked.continuation, gate: gate.stream)
            if let result = try? await send(body) { outcome.withLockedValue { $0 = result } }
            asked.continuation.finish()
            over.continuation.finish()
        }

        func begin() async { for await _ in asked.stream {} }

        func end() async {
            gate.continuation.finish()
            for await _ in over.stream {}
        }
    }

    private func exchanges(_ cluster: Cluster, _ key: OpenUploads.Key, last: Int) -> [Exchange] {
        let digest = Self.digest
        func append(_ replica: Int, _ bytes: ByteBuffer) -> Exchange {
            Exchange(bytes) { body in
                try await cluster.replicas[replica].append(
                    key, UploadPart(range: 100..<200, length: 100), from: body.next)
            }
        }
        return [
            append(1, Self.bad), append(0, Self.good),
            Exchange(Self.last) { body in
                try await cluster.replicas[last].complete(
                    key, as: digest, UploadPart(range: 200..<201, length: 1), from: body.next)
            },
        ]
    }

    /// Each of three requests begins before it ends; in any order else.
    private static let schedules: [[Int]] = {
        func extend(_ left: [Int]) -> [[Int]] {
            guard left.contains(where: { $0 > 0 }) else { return [[]] }
            return left.indices.filter { left[$0] > 0 }.flatMap { index in
                var rest = left
                rest[index] -= 1
                return extend(rest).map { [index] + $0 }
            }
        }
        return extend([2, 2, 2])
    }()

    private func check(_ cluster: Cluster, _ outcomes: [UploadOutcome?], isHeld: Bool, _ what: String) async throws {
        let name = RegistryLayout.blob(Self.digest).path
        let isTold = outcomes.contains(.complete(Self.digest))
        let found = cluster.bucket.bytes(name)
        if isTold || isHeld { #expect(found == Self.whole, "\(what)") }
        if let found { #expect(found == Self.whole, "\(what)") }
        for store in cluster.stores {
            let isGranted = try await store.isGranted(Self.digest, in: cluster.repository)
            #expect(!isTold || isGranted, "\(what)")
        }
    }

    @Test(arguments: Order.allCases, [false, true])
    func `whatever is acknowledged under a digest has its bytes`(order: Order, isHeld: Bool) async throws {
        #expect(Self.schedules.count == 90)
        var completed = 0
        try await cluster(order) { cluster in
            for schedule in Self.schedules {
                for last in [0, 1] {
                    let key = try await cluster.session(isHeld: isHeld)
                    let exchanges = exchanges(cluster, key, last: last)
                    await withTaskGroup { group in
                        var begun: Set<Int> = []
                        for step in schedule {
                            if begun.insert(step).inserted {
                                group.addTask { await exchanges[step].run() }
                                await exchanges[step].begin()
                            } else {
                                await exchanges[step].end()
                            }
                        }
                    }
                    let outcomes = exchanges.map { $0.outcome.withLockedValue { $0 } }
                    if outcomes.contains(.complete(Self.digest)) { completed += 1 }
                    try await check(cluster, outcomes, isHeld: isHeld, "\(schedule), ended by \(last): \(outcomes)")
                }
            }
        }
        // Where the good part was the only one to be taken.
        #expect(completed > 0)
    }

    /// Nobody orders them: the other replica does all of its work before any request of the one that ends the upload.
    @Test(arguments: [false, true], [0, 1])
    func `what another replica writes between two requests to the bucket is not taken for what was hashed`(
        isHeld: Bool, part: Int
    ) async throws {
        var isOver = false
        var number = 0
        try await cluster(.alone) { cluster in
            while !isOver {
                let (key, digest) = (try await cluster.session(isHeld: isHeld), Self.digest)
                let late = Exchange(Self.bad) { body in
                    try await cluster.replicas[1].append(key, UploadPart(range: 100..<200), from: body.next)
                }
                let outcomes = try await withThrowingTaskGroup { group in
                    group.addTask { await late.run() }
                    await late.begin()
                    let append: @Sendable () async -> UploadOutcome? = {
                        try? await cluster.replicas[0].append(
                            key, UploadPart(range: 100..<200), from: Body(Self.good).next)
                    }
                    if part == 1 { _ = await append() }
                    let left = NIOLockedValueBox(number)
                    cluster.before.withLockedValue {
                        $0[0] = {
                            let isNow = left.withLockedValue { left in
                                left -= 1
                                return left == -1
                            }
                            if isNow { await late.end() }
                        }
                    }
                    if part == 0 { _ = await append() }
                    let outcome = try? await cluster.replicas[0].complete(
                        key, as: digest, UploadPart(range: 200..<201), from: Body(Self.last).next)
                    isOver = left.withLockedValue { $0 } >= 0
                    cluster.before.withLockedValue { $0[0] = {} }
                    await late.end()
                    try await group.waitForAll()
                    return [outcome, late.outcome.withLockedValue { $0 }]
                }
                try await check(cluster, outcomes, isHeld: isHeld, "before request \(number): \(outcomes)")
                number += 1
            }
        }
        #expect(number > 5)
    }

    /// Of two replicas that nobody orders one has replaced a part of the other, and the other's checkpoint is the last to be
    /// written, or lost: who comes next hashes what there is.
    @Test(arguments: [true, false], [0, 1, 2])
    func `a checkpoint is believed of nothing but what was hashed`(isLeft: Bool, last: Int) async throws {
        let (size, parts) = (Self.partSize, [Self.first, Self.good, Self.bad])
        let good = Digest(hashing: Self.joined([parts[0], parts[1], Self.last]))
        let actual = Digest(hashing: Self.joined([parts[0], parts[2], Self.last]))
        try await cluster(.alone) { cluster in
            let key = OpenUploads.Key(repository: cluster.repository, id: UploadID())
            let checkpoint = try #require(RegistryLayout.upload(key.id, in: key.repository).child("entrepot-hash")).path
            _ = try await cluster.replicas[1].begin(key, .sha256)
            _ = try await cluster.replicas[1].append(key, UploadPart(), from: Body(parts[0]).next)
            let late = Exchange(parts[2]) { body in
                try await cluster.replicas[1].append(key, UploadPart(), from: body.next)
            }
            try await withThrowingTaskGroup { group in
                group.addTask { await late.run() }
                await late.begin()
                _ = try await cluster.replicas[0].append(key, UploadPart(), from: Body(parts[1]).next)
                let written = try #require(cluster.bucket.bytes(checkpoint))
                await late.end()
                #expect(
                    late.outcome.withLockedValue { $0 } == .accepted(UploadStatus(id: key.id, size: Int64(2 * size))))
                #expect(cluster.bucket.bytes(checkpoint) != written)
                if isLeft { cluster.bucket.put(checkpoint, written) } else { cluster.bucket.remove(checkpoint) }
                try await group.waitForAll()
            }
            let error = await #expect(throws: RegistryError.self) {
                _ = try await cluster.replicas[last].complete(key, as: good, UploadPart(), from: Body(Self.last).next)
            }
            #expect(error?.code == .digestInvalid)
            #expect(cluster.bucket.bytes(RegistryLayout.blob(good).path) == nil)
            #expect(cluster.bucket.bytes(RegistryLayout.blob(actual).path) == nil)
        }
    }
}
