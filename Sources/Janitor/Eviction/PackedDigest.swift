import OCI

/// A digest in as little memory as it needs: millions of them are looked at.
struct PackedDigest: Sendable, Hashable {
    private let first: (UInt64, UInt64, UInt64, UInt64)
    /// Of the longer algorithm.
    private let rest: [UInt64]?

    init(_ digest: Digest) {
        var words: [UInt64] = []
        words.reserveCapacity(8)
        var word: UInt64 = 0
        for (position, digit) in digest.hex.utf8.enumerated() {
            word = word << 4 | UInt64(digit < 0x60 ? digit &- 0x30 : digit &- 0x57)
            if position % 16 == 15 { words.append(word) }
        }
        first = (words[0], words[1], words[2], words[3])
        rest = digest.algorithm == .sha512 ? Array(words[4...]) : nil
    }

    /// Enough of it to tell it from any other.
    var key: SIMD2<UInt64> { SIMD2(first.0, rest == nil ? first.1 : ~first.1) }

    var digest: Digest {
        let words = [first.0, first.1, first.2, first.3] + (rest ?? [])
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
        guard let digest = Digest(algorithm: rest == nil ? .sha256 : .sha512, bytes: bytes) else {
            preconditionFailure("a packed digest has its algorithm's length")
        }
        return digest
    }

    static func == (left: PackedDigest, right: PackedDigest) -> Bool {
        left.first == right.first && left.rest == right.rest
    }

    func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
