import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage

/// What manifests name, by their digests. That never changes, so it is read once and remembered from round to round: reading and
/// parsing manifests is what takes longest in a walk.
final class ManifestFacts: Sendable {
    /// Of a digest, enough to tell it from any other.
    typealias Key = SIMD2<UInt64>

    struct Facts: Sendable {
        let blobs: [Key]
        let children: [Key]
        let subject: Key?
        /// Of a type that nobody here knows, or with more parts than are looked at: what else it names is not known.
        let isOpaque: Bool
    }

    private struct State {
        var facts: [Key: Facts] = [:]
        var size = 0
    }

    /// Keys, at sixteen bytes each; what is beyond is read every time.
    private static let capacity = 4_000_000
    /// A manifest with more parts is looked at no further.
    private static let mostParts = 20_000
    private let state = NIOLockedValueBox(State())

    /// Nil if the manifest cannot be read.
    func facts(
        of digest: Digest, in repository: RepositoryName, _ store: RegistryStore
    ) async throws(StorageError) -> Facts? {
        let key = PackedDigest(digest).key
        if let facts = state.withLockedValue({ $0.facts[key] }) { return facts }
        guard let stored = try await store.manifest(digest, in: repository),
            let content = try? Manifest.relayed(stored.bytes.readableBytesView, besides: stored.mediaType)
        else { return nil }
        let facts = Facts(
            blobs: Self.keys(content.blobs), children: Self.keys(content.manifests),
            subject: content.subject.map { PackedDigest($0.digest).key },
            isOpaque: content.kind == .opaque || content.blobs.count > Self.mostParts
                || content.manifests.count > Self.mostParts)
        state.withLockedValue { state in
            let size = facts.blobs.count + facts.children.count + 4
            guard state.size + size <= Self.capacity, state.facts.updateValue(facts, forKey: key) == nil else { return }
            state.size += size
        }
        return facts
    }

    private static func keys(_ descriptors: [Descriptor]) -> [Key] {
        Array(Set(descriptors.prefix(mostParts).map { PackedDigest($0.digest).key }))
    }
}
