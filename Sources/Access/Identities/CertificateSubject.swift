internal import CCrypto

/// Whom a client's certificate names. Only made of certificates whose chain was verified.
public struct CertificateSubject: Hashable, Sendable {
    /// The subject's common names, in the certificate's order.
    public let commonNames: [String]
    public let organizations: [String]

    /// More names, or longer ones, are nobody's.
    private static let mostNames = 32
    private static let longestName = 1024

    public init(commonNames: [String] = [], organizations: [String] = []) {
        self.commonNames = commonNames
        self.organizations = organizations
    }

    /// Reads the subject of an X.509 certificate (RFC 5280, section 4.1.2.6).
    ///
    /// - Parameter der: The certificate alone, in DER.
    /// - Returns: Nil if it is none, or names somebody in a way that cannot be told as text.
    public init?(der: [UInt8]) {
        let certificate = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var position = bytes.baseAddress
            guard let certificate = d2i_X509(nil, &position, bytes.count) else { return nil }
            guard position == bytes.baseAddress.map({ $0 + bytes.count }) else {
                X509_free(certificate)
                return nil
            }
            return certificate
        }
        guard let certificate else { return nil }
        defer { X509_free(certificate) }
        guard let subject = X509_get_subject_name(certificate),
            let commonNames = Self.names(NID_commonName, of: subject),
            let organizations = Self.names(NID_organizationName, of: subject)
        else { return nil }
        self.init(commonNames: commonNames, organizations: organizations)
    }

    private static func names(_ kind: Int32, of subject: OpaquePointer) -> [String]? {
        var names: [String] = []
        var position: Int32 = -1
        while true {
            position = X509_NAME_get_index_by_NID(subject, kind, position)
            guard position >= 0 else { return names }
            guard names.count < mostNames, let entry = X509_NAME_get_entry(subject, position),
                let name = text(X509_NAME_ENTRY_get_data(entry))
            else { return nil }
            names.append(name)
        }
    }

    /// Nil for what is too long, not text, or holds control characters: a NUL has passed for the end of a name before.
    private static func text(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = Int(ASN1_STRING_to_UTF8(&bytes, string))
        guard count >= 0, let bytes else { return nil }
        defer { entrepot_openssl_free(bytes) }
        guard count <= longestName,
            let text = String(validating: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        else { return nil }
        return text.isFreeOfControls ? text : nil
    }
}
