import OCI

/// How large images are with all that they name. Whoever may push may nest indexes as he likes: each manifest is looked at once.
struct ImageSizes {
    private let manifests: [Digest: RetentionHoldings.Held]
    /// Bytes.
    private var known: [Digest: Int64] = [:]

    init(_ manifests: [Digest: RetentionHoldings.Held]) { self.manifests = manifests }

    /// Bytes of the manifest and of all that it names; of an index each child once, as far as it is here.
    ///
    /// - Parameter pace: Called between manifests; may wait.
    mutating func size(of digest: Digest, pace: () async throws -> Void) async rethrows -> Int64 {
        var open = [digest]
        // Their children are before them.
        var entered: Set<Digest> = []
        while let next = open.last {
            if known[next] != nil {
                open.removeLast()
                continue
            }
            try await pace()
            let children = Set(manifests[next]?.content?.manifests.map(\.digest) ?? [])
            let unknown = children.filter { known[$0] == nil && manifests[$0] != nil && !entered.contains($0) }
            if entered.insert(next).inserted, !unknown.isEmpty {
                open += unknown
                continue
            }
            known[next] = sum(next, children)
            open.removeLast()
        }
        return known[digest] ?? 0
    }

    private func sum(_ digest: Digest, _ children: Set<Digest>) -> Int64 {
        guard let held = manifests[digest], let content = held.content else { return 0 }
        let blobs = (content.blobs + content.blobsOfIndex).lazy.map(\.size)
        return ([held.size] + blobs + children.map { known[$0] ?? 0 }).reduce(0) { sum, size in
            let (result, overflow) = sum.addingReportingOverflow(size)
            return overflow ? .max : result
        }
    }
}
