internal import CCrypto

/// A key of OpenSSL, public or private.
///
/// `@unchecked Sendable`: the key is never changed after it was made, and OpenSSL allows any number of threads to sign and
/// verify with one key.
final class OpenSSLKey: @unchecked Sendable {
    let pointer: OpaquePointer
    let algorithm: SignatureAlgorithm
    /// SubjectPublicKeyInfo, DER.
    let publicKeyInfo: [UInt8]

    /// Takes ownership of an `EVP_PKEY`.
    ///
    /// - Throws: For a key that will not do.
    init(adopting key: OpaquePointer?) throws(KeyError) {
        guard let key else {
            // Others look at this queue to find out whether their own call failed.
            ERR_clear_error()
            throw .unsupported
        }
        do throws(KeyError) {
            algorithm = try Self.algorithm(of: key)
            guard let info = OpenSSL.bytes({ i2d_PUBKEY(key, $0) }) else { throw .unsupported }
            publicKeyInfo = info
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    convenience init(privatePEM text: String) throws(KeyError) {
        try self.init(
            adopting: OpenSSL.reading(text) { PEM_read_bio_PrivateKey($0, nil, noPassphrase, nil) })
    }

    convenience init(publicPEM text: String) throws(KeyError) {
        try self.init(adopting: OpenSSL.reading(text) { PEM_read_bio_PUBKEY($0, nil, noPassphrase, nil) })
    }

    static func generate(_ algorithm: SignatureAlgorithm) throws(KeyError) -> OpenSSLKey {
        switch algorithm {
        case .rs256: try OpenSSLKey(adopting: entrepot_generate_rsa(3072))
        case .es256: try OpenSSLKey(adopting: entrepot_generate_p256())
        case .edDSA: try OpenSSLKey(adopting: entrepot_generate_ed25519())
        }
    }

    /// PKCS #8, not encrypted; nil for a public key.
    var privatePEM: String? {
        OpenSSL.writing { PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }

    private static func algorithm(of key: OpaquePointer) throws(KeyError) -> SignatureAlgorithm {
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            guard EVP_PKEY_get_bits(key) >= 2048 else { throw .weak }
            return .rs256
        }
        if EVP_PKEY_is_a(key, "ED25519") == 1 { return .edDSA }
        guard EVP_PKEY_is_a(key, "EC") == 1 else { throw .unsupported }
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1,
            name.prefix(while: { $0 != 0 }).elementsEqual("prime256v1".utf8.map { CChar($0) })
        else { throw .unsupported }
        return .es256
    }
}

extension OpenSSLKey {
    /// What makes the key, besides its kind, as JSON Web Keys name it (RFC 7518, section 6; RFC 8037, section 2): names
    /// and big-endian bytes.
    var members: [(name: String, bytes: [UInt8])]? {
        switch algorithm {
        case .rs256:
            guard let e = number("e"), let n = number("n") else { return nil }
            return [("e", e), ("n", n)]
        case .es256:
            guard let x = number("qx", length: 32), let y = number("qy", length: 32) else { return nil }
            return [("x", x), ("y", y)]
        case .edDSA:
            var bytes = [UInt8](repeating: 0, count: 32)
            var count = bytes.count
            guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1, count == bytes.count else { return nil }
            return [("x", bytes)]
        }
    }

    /// - Parameter length: Bytes, with zeros before; nil: as few as it takes.
    private func number(_ name: String, length: Int? = nil) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else { return nil }
        defer { BN_free(number) }
        return OpenSSL.bytes(of: number, length: length)
    }
}
