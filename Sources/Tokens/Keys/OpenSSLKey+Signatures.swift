internal import CCrypto

extension OpenSSLKey {
    /// A signature as JWS has it (RFC 7518, section 3; RFC 8037, section 3.1): for ECDSA both numbers, 32 bytes each.
    ///
    /// - Throws: Only if memory runs out, or the key is a public one.
    func signature(for message: [UInt8]) throws(KeyError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .cannotSign }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, hash, nil, pointer) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw failure(.cannotSign) }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
            throw failure(.cannotSign)
        }
        signature.removeLast(signature.count - count)
        guard algorithm == .es256 else { return signature }
        guard let numbers = Self.numbers(ofDER: signature) else { throw failure(.cannotSign) }
        return numbers
    }

    func isValid(_ signature: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        var signature = signature
        if algorithm == .es256 {
            guard let der = Self.der(ofNumbers: signature) else { return false }
            signature = der
        }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, hash, nil, pointer) == 1 else {
            ERR_clear_error()
            return false
        }
        let result = message.withUnsafeBufferPointer {
            EVP_DigestVerify(context, signature, signature.count, $0.baseAddress, $0.count)
        }
        // A signature that does not match leaves its reason behind as well.
        if result != 1 { ERR_clear_error() }
        return result == 1
    }

    /// Ed25519 brings its own.
    private var hash: OpaquePointer? { algorithm == .edDSA ? nil : EVP_sha256() }

    private func failure(_ error: KeyError) -> KeyError {
        ERR_clear_error()
        return error
    }

    private static func numbers(ofDER der: [UInt8]) -> [UInt8]? {
        let parsed = der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_ECDSA_SIG(nil, &position, bytes.count)
        }
        guard let parsed else { return nil }
        defer { ECDSA_SIG_free(parsed) }
        guard let r = ECDSA_SIG_get0_r(parsed), let s = ECDSA_SIG_get0_s(parsed),
            let first = OpenSSL.bytes(of: r, length: 32), let second = OpenSSL.bytes(of: s, length: 32)
        else { return nil }
        return first + second
    }

    private static func der(ofNumbers numbers: [UInt8]) -> [UInt8]? {
        guard numbers.count == 64, let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let r = numbers.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, 32, nil) }
        let s = numbers.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress.map { $0 + 32 }, 32, nil) }
        // Takes both over.
        guard let r, let s, ECDSA_SIG_set0(signature, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        return OpenSSL.bytes { i2d_ECDSA_SIG(signature, $0) }
    }
}
