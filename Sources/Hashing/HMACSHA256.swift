internal import CCrypto

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
    /// - Returns: 32 bytes.
    public static func code(_ message: some Sequence<UInt8>, key: [UInt8]) -> [UInt8] {
        let message = Array(message)
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let isMade =
                HMAC(EVP_sha256(), key, CInt(key.count), message, message.count, buffer.baseAddress, nil) != nil
            precondition(isMade, "OpenSSL has no SHA-256")
            count = 32
        }
    }

    /// Whether two codes are the same, in a time that does not tell where they differ.
    public static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
