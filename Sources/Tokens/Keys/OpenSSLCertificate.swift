internal import CCrypto

/// An X.509 certificate of OpenSSL.
final class OpenSSLCertificate {
    private let pointer: OpaquePointer

    /// Nil for a text that is none.
    init?(pem text: String) {
        guard let pointer = OpenSSL.reading(text, { PEM_read_bio_X509($0, nil, noPassphrase, nil) }) else {
            return nil
        }
        self.pointer = pointer
    }

    /// One for a key, signed by the key itself, that may sign others.
    ///
    /// - Parameters:
    ///   - name: The common name.
    ///   - start: Seconds since 1970.
    init?(selfSignedBy key: OpenSSLKey, name: String, from start: Int64, days: Int) {
        guard let pointer = X509_new() else { return nil }
        self.pointer = pointer
        var generator = SystemRandomNumberGenerator()
        let serial = UInt64.random(in: 1...UInt64(Int64.max), using: &generator)
        let subject = X509_get_subject_name(pointer)
        let hash = key.algorithm == .edDSA ? nil : EVP_sha256()
        guard X509_set_version(pointer, 2) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), serial) == 1,
            ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(start)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(start + Int64(days) * 86_400)) != nil,
            X509_NAME_add_entry_by_NID(
                subject, NID_commonName, MBSTRING_UTF8, Array(name.utf8), CInt(name.utf8.count), -1, 0) == 1,
            X509_set_issuer_name(pointer, subject) == 1, X509_set_pubkey(pointer, key.pointer) == 1,
            add(NID_basic_constraints, "critical,CA:TRUE"),
            add(NID_key_usage, "critical,digitalSignature,keyCertSign"), add(NID_subject_key_identifier, "hash"),
            X509_sign(pointer, key.pointer, hash) > 0
        else {
            ERR_clear_error()
            return nil
        }
    }

    deinit { X509_free(pointer) }

    /// The key that it is for.
    ///
    /// - Throws: If that is none that tokens could be signed with.
    var key: OpenSSLKey {
        get throws(KeyError) { try OpenSSLKey(adopting: X509_get_pubkey(pointer)) }
    }

    var der: [UInt8]? { OpenSSL.bytes { i2d_X509(pointer, $0) } }

    var pem: String? { OpenSSL.writing { PEM_write_bio_X509($0, pointer) } }

    private func add(_ kind: Int32, _ value: String) -> Bool {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, pointer, pointer, nil, nil, 0)
        guard let added = X509V3_EXT_nconf_nid(nil, &context, kind, value) else { return false }
        defer { X509_EXTENSION_free(added) }
        return X509_add_ext(pointer, added, -1) == 1
    }
}
