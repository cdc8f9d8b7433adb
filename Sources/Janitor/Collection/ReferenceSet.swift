import OCI

/// A set of digests in little memory.
struct ReferenceSet: Sendable {
    private var keys: Set<SIMD2<UInt64>> = []

    var count: Int { keys.count }

    mutating func insert(_ digest: Digest) { keys.insert(PackedDigest(digest).key) }

    mutating func insert(_ key: SIMD2<UInt64>) { keys.insert(key) }

    func contains(_ digest: Digest) -> Bool { contains(PackedDigest(digest).key) }

    func contains(_ key: SIMD2<UInt64>) -> Bool { keys.contains(key) }

    mutating func reserveCapacity(_ count: Int) { keys.reserveCapacity(count) }
}
