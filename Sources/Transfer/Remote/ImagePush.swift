internal import Bundle
internal import Hashing
internal import NIOConcurrencyHelpers
internal import NIOCore
public import OCI
internal import Registry
public import RegistryClient
public import Storage
internal import Upstream

/// Pushes images of a store to another registry, whole, with what refers to them.
public struct ImagePush: Sendable {
    /// What it took.
    public struct Outcome: Sendable, Equatable {
        public var digest: Digest
        public var uploaded = 0
        public var mounted = 0
        public var present = 0
        /// Bytes that were sent.
        public var bytes: Int64 = 0
    }

    private let store: RegistryStore
    private let registry: RemoteRegistry
    private let jobs: Int
    /// Where each blob was pushed to first: a registry takes it from there for another repository.
    private let places = NIOLockedValueBox<[Digest: RepositoryName]>([:])

    /// - Parameter jobs: Blobs at a time.
    public init(_ store: RegistryStore, to registry: RemoteRegistry, jobs: Int = 4) {
        self.store = store
        self.registry = registry
        self.jobs = max(jobs, 1)
    }

    /// - Parameter progress: Told how many bytes are there, of how many.
    /// - Throws: ``BundleError`` where the store does not hold all of the image, `UpstreamError` for what the registry does.
    public func run(
        _ image: HeldImages.Image, as repository: RepositoryName, tag: Tag?,
        progress: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
    ) async throws -> Outcome {
        guard let digest = image.digest else { throw Self.incomplete("\(image.name)") }
        var walk = GraphWalk(store, image.repository)
        let graph = try await walk.graph(digest)
        guard graph.problems.isEmpty else {
            throw Self.incomplete(graph.problems.prefix(3).map(\.text).joined(separator: ", "))
        }
        var outcome = Outcome(digest: digest)
        let tally = PushTally(total: graph.blobs.reduce(0) { $0 + $1.size }, report: progress)
        try await withThrowingTaskGroup(of: (PushedBlob, Int64).self) { group in
            var next = graph.blobs.makeIterator()
            func begin() {
                guard let content = next.next() else { return }
                group.addTask { (try await push(content, to: repository, tally), content.size) }
            }
            for _ in 0..<jobs { begin() }
            while let (pushed, size) = try await group.next() {
                switch pushed {
                case .uploaded:
                    outcome.uploaded += 1
                    outcome.bytes += size
                case .mounted: outcome.mounted += 1
                case .present: outcome.present += 1
                }
                begin()
            }
        }
        for manifest in graph.manifests {
            let digest = manifest.content.digest
            guard let stored = try await store.manifest(digest, in: image.repository) else {
                throw Self.incomplete("\(digest)")
            }
            try await registry.push(
                manifest: stored.bytes, stored.mediaType, to: repository, tag: digest == image.digest ? tag : nil)
        }
        return outcome
    }

    private func push(
        _ content: Catalogue.Content, to repository: RepositoryName, _ tally: PushTally
    ) async throws -> PushedBlob {
        let digest = content.digest
        var blob: OutgoingBlob
        switch try await store.blob(digest) {
        case .file(let file, let size)?:
            blob = OutgoingBlob(descriptor: file.descriptor, owner: file, digest: digest, size: size)
        case .bytes(let bytes)?: blob = OutgoingBlob(bytes)
        case .remote?:
            throw BundleError(
                .refused, "a store in a bucket is not pushed from", remedy: "export a bundle, and push that")
        case nil:
            // Nobody need hold it to have it.
            guard digest == .emptyObject else { throw Self.incomplete("\(digest)") }
            blob = OutgoingBlob(ByteBuffer(string: "{}"))
        }
        let source = places.withLockedValue { $0[digest] }
        blob.progress = { tally.note(digest, $0) }
        let pushed = try await registry.push(blob, to: repository, mountingFrom: source == repository ? nil : source)
        tally.note(digest, content.size)
        places.withLockedValue { places in if places[digest] == nil { places[digest] = repository } }
        return pushed
    }

    private static func incomplete(_ what: String) -> BundleError {
        BundleError(.damaged, "not all of the image is there: \(what)", remedy: "make the archive again")
    }
}
