internal import Bundle
internal import Hashing
internal import NIOCore
public import OCI
internal import Registry
public import Storage

/// Walks from a manifest to everything that it needs, and to what refers to it, in one repository of a store.
public struct GraphWalk {
    private let store: RegistryStore
    let repository: RepositoryName
    /// Whether an index must have all of its images.
    private let wantsAllPlatforms: Bool
    /// Whether the bytes are read and hashed.
    private let isRehashing: Bool
    private var known: [Digest: ImageGraph] = [:]
    /// Manifests that hold others within each other for which there was no room, and the room that there was.
    private var tooHigh: [Digest: Int] = [:]
    /// Whether bytes that were read are right.
    private var hashed: [Digest: Bool] = [:]

    public init(
        _ store: RegistryStore, _ repository: RepositoryName, wantsAllPlatforms: Bool = false, isRehashing: Bool = false
    ) {
        self.store = store
        self.repository = repository
        self.wantsAllPlatforms = wantsAllPlatforms
        self.isRehashing = isRehashing
    }

    public mutating func graph(_ digest: Digest) async throws -> ImageGraph {
        try await visit(digest, parent: nil, room: ImageGraph.mostHeight)
    }

    /// - Parameter room: How many manifests may lie within each other from here on. What becomes of an image does not depend on
    ///   what was visited before: it is remembered how high each is.
    private mutating func visit(_ digest: Digest, parent: Digest?, room: Int) async throws -> ImageGraph {
        var graph = ImageGraph()
        let found = known[digest]
        if let found, found.height <= room { return found }
        guard found == nil, room > tooHigh[digest] ?? 0 else {
            graph.problems = [GraphProblem(kind: .tooDeep, digest: digest, parent: parent)]
            return graph
        }
        try Task.checkCancellation()
        // An index that comes round to itself, which no digest allows.
        known[digest] = graph
        guard let manifest = try await store.manifest(digest, in: repository),
            let content = try? Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
        else {
            graph.problems = [GraphProblem(kind: .manifestMissing, digest: digest, parent: parent)]
            known[digest] = graph
            return graph
        }
        graph.height = 1
        for blob in content.blobs { try await look(at: blob, of: digest, &graph) }
        try await lookAtImages(of: content, digest, room, &graph)
        if graph.problems.contains(where: { $0.kind == .tooDeep }) {
            known[digest] = nil
            tooHigh[digest] = room
            return graph
        }
        graph.add(
            Catalogue.Manifest(
                Catalogue.Content(digest, size: Int64(manifest.bytes.readableBytes)), manifest.mediaType))
        known[digest] = graph
        for referrer in try await store.referrers(of: digest, in: repository, unreadable: { _ in }) {
            let other = try await visit(referrer.digest, parent: digest, room: room - 1)
            // What refers to an image is not needed to pull it: only what is whole goes with it.
            if other.problems.isEmpty { graph.merge(other) }
        }
        known[digest] = graph
        return graph
    }

    private mutating func lookAtImages(
        of content: Manifest, _ index: Digest, _ room: Int, _ graph: inout ImageGraph
    ) async throws {
        var whole = 0
        var problems: [GraphProblem] = []
        // The cache of BuildKit has nothing but blobs there.
        for blob in content.blobsOfIndex {
            var other = ImageGraph()
            try await look(at: blob, of: index, &other)
            if !other.problems.isEmpty { graph.leaveOut(blob.digest) }
            problems += other.problems
            other.problems = []
            graph.merge(other)
        }
        for child in content.images {
            let other = try await visit(child.digest, parent: index, room: room - 1)
            graph.height = max(graph.height, other.height + 1)
            if other.problems.isEmpty {
                graph.merge(other)
                whole += 1
            } else {
                graph.leaveOut(child.digest)
                problems += other.problems
            }
        }
        let isTooDeep = problems.contains { $0.kind == .tooDeep }
        if wantsAllPlatforms || isTooDeep || whole == 0 { graph.problems += problems }
    }

    private mutating func isWhole(_ digest: Digest) async throws -> Bool {
        if let known = hashed[digest] { return known }
        let isWhole = try await store.isWhole(digest, progress: { _ in }) == true
        hashed[digest] = isWhole
        return isWhole
    }

    private mutating func look(at blob: Descriptor, of manifest: Digest, _ graph: inout ImageGraph) async throws {
        func tell(_ kind: GraphProblem.Kind) {
            graph.problems.append(GraphProblem(kind: kind, digest: blob.digest, parent: manifest))
        }
        // What clients have from elsewhere.
        guard !blob.mediaType.isForeignLayer else { return }
        let info = try await store.blobInfo(blob.digest)
        let isGranted = try await store.isGranted(blob.digest, in: repository)
        guard let info, isGranted else {
            if blob.digest == .emptyObject {
                // Nobody need hold it to have it.
                graph.add(Catalogue.Content(blob.digest, size: 2))
            } else if blob.data == nil {
                tell(info == nil ? .blobMissing : .notGranted)
            }
            return
        }
        guard info.size == blob.size else { return tell(.wrongSize) }
        if isRehashing, try await !isWhole(blob.digest) { return tell(.damaged) }
        graph.add(Catalogue.Content(blob.digest, size: blob.size))
    }
}
