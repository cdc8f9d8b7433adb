internal import CCrypto

/// What goes between Swift's values and OpenSSL's.
enum OpenSSL {
    /// What a function makes of a text.
    static func reading<Value>(_ text: String, _ read: (OpaquePointer) -> Value?) -> Value? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes -> Value? in
            guard let memory = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(memory) }
            guard let value = read(memory) else {
                ERR_clear_error()
                return nil
            }
            return value
        }
    }

    /// The text that a function writes; nil if it fails.
    static func writing(_ write: (OpaquePointer) -> Int32) -> String? {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard write(memory) == 1 else {
            ERR_clear_error()
            return nil
        }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = BIO_read(memory, &chunk, Int32(chunk.count))
            guard count > 0 else { return String(validating: text, as: UTF8.self) }
            text += chunk[..<Int(count)]
        }
    }

    /// The bytes that one of the `i2d` functions makes.
    static func bytes(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
        var memory: UnsafeMutablePointer<UInt8>?
        let count = Int(encode(&memory))
        guard count > 0, let memory else {
            ERR_clear_error()
            return nil
        }
        defer { entrepot_openssl_free(memory) }
        return Array(UnsafeBufferPointer(start: memory, count: count))
    }

    /// A number, big-endian.
    ///
    /// - Parameter length: Bytes, with zeros before; nil: as few as it takes.
    static func bytes(of number: OpaquePointer, length: Int? = nil) -> [UInt8]? {
        let count = length ?? (Int(BN_num_bits(number)) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: count)
        guard BN_bn2binpad(number, &bytes, Int32(count)) == Int32(count) else {
            ERR_clear_error()
            return nil
        }
        return bytes
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(bytes, bytes.count, &hash)
        return hash
    }
}

/// A `pem_password_cb`: encrypted keys are not for a server that starts alone; without this it would ask on the terminal.
func noPassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ isWriting: Int32, _ context: UnsafeMutableRawPointer?
) -> Int32 { -1 }
