import OCI

/// When images were last pulled. A client that goes by digests asks for the head of a tag, which is no pull, then for the index and
/// for one image of it, and never for the tag itself.
struct ImagePulls {
    private let manifests: [Digest: RetentionHoldings.Held]
    /// Seconds since 1970.
    private var known: [Digest: Int64] = [:]

    init(_ manifests: [Digest: RetentionHoldings.Held]) { self.manifests = manifests }

    /// The latest pull of the tag, of the manifest, and, where that is an index, of the manifests that it names.
    ///
    /// - Parameters:
    ///   - lastPulled: Seconds since 1970; nil if never.
    ///   - pace: Called between manifests; may wait.
    /// - Returns: Seconds since 1970; 0 if never.
    mutating func last(
        _ tag: Tag?, _ digest: Digest, _ lastPulled: (Reference) async throws -> Int64?,
        pace: () async throws -> Void
    ) async throws -> Int64 {
        var last = try await self.last(digest, lastPulled)
        if let tag { last = max(last, try await lastPulled(.tag(tag)) ?? 0) }
        for child in Set(manifests[digest]?.content?.manifests.map(\.digest) ?? []) where manifests[child] != nil {
            try await pace()
            last = max(last, try await self.last(child, lastPulled))
        }
        return last
    }

    private mutating func last(
        _ digest: Digest, _ lastPulled: (Reference) async throws -> Int64?
    ) async throws -> Int64 {
        if let known = known[digest] { return known }
        let last = try await lastPulled(.digest(digest)) ?? 0
        known[digest] = last
        return last
    }
}
