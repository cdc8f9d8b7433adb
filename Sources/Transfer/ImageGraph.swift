public import Bundle
public import OCI

/// Everything that an image consists of, with what refers to it, as far as it is held.
public struct ImageGraph: Sendable {
    /// What names others comes after them.
    public private(set) var manifests: [Catalogue.Manifest] = []
    public private(set) var blobs: [Catalogue.Content] = []
    /// Images of an index that are not held, or not whole; the others of the index are.
    public private(set) var leftOut: Set<Digest> = []
    /// Without what they tell of, it cannot be pulled.
    public internal(set) var problems: [GraphProblem] = []
    /// Manifests within each other, its own among them; 0 where there is none.
    var height = 0
    private var seen: Set<Digest> = []

    /// Manifests within each other: an image in seven indexes.
    static let mostHeight = 8

    mutating func add(_ manifest: Catalogue.Manifest) {
        if seen.insert(manifest.content.digest).inserted { manifests.append(manifest) }
    }

    mutating func add(_ blob: Catalogue.Content) {
        if seen.insert(blob.digest).inserted { blobs.append(blob) }
    }

    mutating func leaveOut(_ digest: Digest) { leftOut.insert(digest) }

    mutating func merge(_ other: ImageGraph) {
        other.blobs.forEach { add($0) }
        other.manifests.forEach { add($0) }
        leftOut.formUnion(other.leftOut)
        problems += other.problems
    }
}
