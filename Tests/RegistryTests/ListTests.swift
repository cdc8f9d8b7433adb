import Hashing
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import OCI
import Registry
import Storage
import TestSupport
import Testing

/// As a request is run.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// What is gathered from many files, as a request asks for it: on an event loop.
@Suite struct ListTests {
    private let subject = ByteBuffer(
        string: #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#)

    private func referrer(of subject: Digest) -> ByteBuffer {
        let digest = "sha256:\(String(repeating: "0", count: 64))"
        return ByteBuffer(
            string: """
                {"schemaVersion":2,"mediaType":"\(MediaType.imageManifest)","artifactType":"text/plain",\
                "config":{"mediaType":"text/plain","digest":"\(digest)","size":1},"layers":[],\
                "subject":{"mediaType":"\(MediaType.imageIndex)","digest":"\(subject)","size":1}}
                """)
    }

    private func put(_ shop: Workshop, _ repository: Repository, _ bytes: ByteBuffer) async throws {
        _ = try await shop.registry.putManifest(
            repository,
            IncomingManifest(bytes: bytes, mediaType: nil, reference: .digest(Digest(hashing: bytes))))
    }

    @Test func theCatalogueIsNotGatheredOnTheEventLoop() async throws {
        let onLoop = NIOLockedValueBox<[Bool]>([])
        try await Workshop.open { shop in
            try await put(shop, try shop.repository("local/a"), subject)
            let page = try await withTaskExecutorPreference(
                LoopExecutor(loop: MultiThreadedEventLoopGroup.singleton.next())
            ) {
                #expect(MultiThreadedEventLoopGroup.currentEventLoop != nil)
                return try await shop.registry.catalog(shop.namespaces, after: nil, limit: 10) { _ in
                    onLoop.withLockedValue { $0.append(MultiThreadedEventLoopGroup.currentEventLoop != nil) }
                    return true
                }
            }
            #expect(page.names.map(\.value) == ["local/a"])
        }
        #expect(Set(onLoop.withLockedValue { $0 }) == [false])
    }

    @Test func heldReferrersAreNotGatheredOnTheEventLoop() async throws {
        let onLoop = NIOLockedValueBox<[Bool]>([])
        try await Workshop.open { shop in
            let repository = try shop.repository("sparse/a")
            let digest = Digest(hashing: subject)
            let referrer = referrer(of: digest)
            try await put(shop, repository, subject)
            try await put(shop, repository, referrer)
            let path = try #require(shop.objects.keys.first { $0.contains("referrers") })
            let key = try #require(ObjectKey(path))
            shop.objects.afterReadingOnce(key) { () async throws(StorageError) in
                onLoop.withLockedValue { $0.append(MultiThreadedEventLoopGroup.currentEventLoop != nil) }
            }
            let found = try await withTaskExecutorPreference(
                LoopExecutor(loop: MultiThreadedEventLoopGroup.singleton.next())
            ) {
                try await shop.registry.referrers(repository, digest, artifactType: nil).content
            }
            #expect(found.map(\.digest) == [Digest(hashing: referrer)])
        }
        #expect(Set(onLoop.withLockedValue { $0 }) == [false])
    }
}
