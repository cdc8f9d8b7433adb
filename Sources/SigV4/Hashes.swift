internal import CCrypto

/// SHA-256, its HMAC and MD5 by libcrypto.
public enum Hashes {
    static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var context = SHA256_CTX()
        entrepot_sha256_init(&context)
        entrepot_sha256_update(&context, bytes.baseAddress, bytes.count)
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            if let base = buffer.baseAddress { entrepot_sha256_final(&context, base) }
            count = 32
        }
    }

    static func sha256(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { sha256(UnsafeRawBufferPointer($0)) }
    }

    static func hmac(_ key: [UInt8], _ text: String) -> [UInt8] { hmac(key, Array(text.utf8)) }

    /// HMAC-SHA-256 (RFC 2104).
    public static func hmac(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            var length: UInt32 = 0
            HMAC(EVP_sha256(), key, CInt(key.count), bytes, bytes.count, buffer.baseAddress, &length)
            count = Int(length)
        }
    }

    public static func md5(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            var length: UInt32 = 0
            EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, &length, EVP_md5(), nil)
            count = Int(length)
        }
    }

    /// Of pairs of digits; nil if it holds anything else.
    public static func bytes(hex text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// In lower case.
    public static func hex(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[2 * index] = digits[Int(byte >> 4)]
                buffer[2 * index + 1] = digits[Int(byte & 15)]
            }
            return 2 * bytes.count
        }
    }
}
