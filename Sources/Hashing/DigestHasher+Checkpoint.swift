internal import CCrypto
public import NIOCore
public import OCI

extension DigestHasher {
    /// First line of a checkpoint: its form, the library whose context it holds, and the width of a pointer, which
    /// together decide what the bytes of the context mean.
    private static var header: String {
        "entrepot hash 1 openssl \(entrepot_openssl_version()) \(Int.bitWidth) \(1.littleEndian == 1 ? "le" : "be")"
    }

    /// The state of the computation, to be taken up again by ``init(resuming:)`` after a restart.
    ///
    /// Lines of text: header, algorithm, bytes hashed, the context in hexadecimal, and a digest over the lines before.
    public func checkpoint() -> ByteBuffer {
        let state =
            switch context {
            case .sha256(let state): withUnsafeBytes(of: state) { Self.hex($0) }
            case .sha512(let state): withUnsafeBytes(of: state) { Self.hex($0) }
            }
        var text = ByteBuffer(string: "\(Self.header)\n\(algorithm.rawValue)\n\(count)\n\(state)\n")
        text.writeString("\(Digest(hashing: text))\n")
        return text
    }

    /// Goes on where a checkpoint was made. Nil if it is damaged, or another version of the library made it: then the
    /// content must be hashed again from its start.
    public init?(resuming checkpoint: ByteBuffer) {
        let lines = String(buffer: checkpoint).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, lines[5].isEmpty, lines[0] == Self.header,
            let algorithm = Digest.Algorithm(rawValue: String(lines[1])), let count = Int64(lines[2]), count >= 0,
            let sum = Digest(lines[4]),
            Digest(hashing: ByteBuffer(string: lines[..<4].joined(separator: "\n") + "\n")) == sum
        else { return nil }
        let state = ByteBuffer(string: String(lines[3]))
        switch algorithm {
        case .sha256:
            var context = SHA256_CTX()
            entrepot_sha256_init(&context)
            guard Self.fill(&context, state) else { return nil }
            // Indices and counters that do not belong together would make the library write outside the context.
            let bits = UInt64(context.Nh) << 32 | UInt64(context.Nl)
            guard context.md_len == 32, context.num == UInt32(count % 64), bits == UInt64(count) &* 8 else {
                return nil
            }
            self.init(context: .sha256(context), count: count)
        case .sha512:
            var context = SHA512_CTX()
            entrepot_sha512_init(&context)
            guard Self.fill(&context, state) else { return nil }
            guard context.md_len == 64, context.num == UInt32(count % 128), context.Nh == 0,
                UInt64(context.Nl) == UInt64(count) &* 8
            else { return nil }
            self.init(context: .sha512(context), count: count)
        }
    }

    /// The algorithm and the number of bytes of a checkpoint, whatever library made it.
    public static func outline(ofCheckpoint checkpoint: ByteBuffer) -> (algorithm: Digest.Algorithm, count: Int64)? {
        let lines = String(buffer: checkpoint).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, let algorithm = Digest.Algorithm(rawValue: String(lines[1])),
            let count = Int64(lines[2])
        else { return nil }
        return (algorithm, count)
    }

    private static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (position, byte) in bytes.enumerated() {
                text[position * 2] = digits[Int(byte >> 4)]
                text[position * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }

    private static func fill<Context>(_ context: inout Context, _ hex: ByteBuffer) -> Bool {
        let text = Array(hex.readableBytesView)
        return withUnsafeMutableBytes(of: &context) { bytes in
            guard text.count == bytes.count * 2 else { return false }
            for position in 0..<bytes.count {
                guard let high = nibble(text[position * 2]), let low = nibble(text[position * 2 + 1]) else {
                    return false
                }
                bytes[position] = high << 4 | low
            }
            return true
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
