import OCI

/// A digest in as little memory as it needs: millions of them are looked at.
struct PackedDigest: Sendable, Hashable {
    private let first: (UInt64, UInt64, UInt64, UInt64)
    /// Of the longer algorithm.
    private let rest: [UInt64]?

    init(_ digest: Digest) {
        var hex = digest.hex
        let isLong = digest.algorithm == .sha512
        (first, rest) = hex.withUTF8 { digits in
            (
                (
                    Self.word(digits, 0), Self.word(digits, 1), Self.word(digits, 2), Self.word(digits, 3)
                ), isLong ? (4..<8).map { Self.word(digits, $0) } : nil
            )
        }
    }

    /// Sixteen of the digits.
    private static func word(_ digits: UnsafeBufferPointer<UInt8>, _ number: Int) -> UInt64 {
        var word: UInt64 = 0
        for digit in digits[number * 16..<number * 16 + 16] {
            word = word << 4 | UInt64(digit < 0x60 ? digit &- 0x30 : digit &- 0x57)
        }
        return word
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
