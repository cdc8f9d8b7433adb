internal import OCI
public import Storage

/// Proves that images can be pulled from what is held.
public struct Verification: Sendable {
    /// What was found of one image.
    public struct Finding: Sendable {
        public let image: HeldImages.Image
        public let graph: ImageGraph
    }

    private let store: RegistryStore
    private let wantsAllPlatforms: Bool
    private let isRehashing: Bool

    /// - Parameters:
    ///   - wantsAllPlatforms: Whether an index must have all of its images.
    ///   - isRehashing: Whether all bytes are read and hashed.
    public init(_ store: RegistryStore, wantsAllPlatforms: Bool = false, isRehashing: Bool = false) {
        self.store = store
        self.wantsAllPlatforms = wantsAllPlatforms
        self.isRehashing = isRehashing
    }

    /// - Parameter images: In the order of their repositories, which saves looking twice.
    public func run(_ images: [HeldImages.Image], _ report: (Finding) throws -> Void) async throws {
        // What it remembers is not copied.
        var walk: GraphWalk?
        for image in images {
            if walk?.repository != image.repository {
                walk = GraphWalk(
                    store, image.repository, wantsAllPlatforms: wantsAllPlatforms, isRehashing: isRehashing)
            }
            var graph = ImageGraph()
            if let digest = image.digest {
                graph = try await walk?.graph(digest) ?? graph
            } else {
                graph.problems = [GraphProblem(kind: .tagMissing, digest: nil, parent: nil)]
            }
            try report(Finding(image: image, graph: graph))
        }
    }
}
