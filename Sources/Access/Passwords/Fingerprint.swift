internal import CCrypto

/// Stands for a password that was checked, without holding it: an HMAC-SHA256 under a key that dies with the process.
struct Fingerprint: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// A number that follows from the fingerprint.
    var number: UInt64 { words.0 }

    static func == (left: Fingerprint, right: Fingerprint) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        // The words are as good as random already.
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// What makes fingerprints.
    struct Key: Sendable {
        private let bytes: [UInt8]

        init() {
            var generator = SystemRandomNumberGenerator()
            bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }

        /// - Parameter parts: Each goes in with its length, so that none can pass for part of another.
        func fingerprint(_ parts: [[UInt8]]) -> Fingerprint {
            var message: [UInt8] = []
            message.reserveCapacity(parts.reduce(0) { $0 + $1.count + 8 })
            for part in parts {
                withUnsafeBytes(of: UInt64(part.count)) { message += $0 }
                message += part
            }
            var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            let isMade = withUnsafeMutableBytes(of: &words) { output in
                HMAC(
                    EVP_sha256(), bytes, Int32(bytes.count), message, message.count,
                    output.assumingMemoryBound(to: UInt8.self).baseAddress, nil) != nil
            }
            precondition(isMade, "OpenSSL has no SHA-256")
            return Fingerprint(words: words)
        }
    }

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }
}
