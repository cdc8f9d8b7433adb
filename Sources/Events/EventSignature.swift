internal import SigV4

/// `X-Entrepot-Signature`: `sha256=` and HMAC-SHA-256 of the body in hexadecimal.
enum EventSignature {
    static func value(_ body: [UInt8], _ secret: [UInt8]) -> String {
        "sha256=" + Hashes.hex(Hashes.hmac(secret, body))
    }
}
