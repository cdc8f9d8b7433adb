/// A public key as JWKS shows it (RFC 7517, section 4).
public struct JSONWebKey: Sendable, Equatable, Encodable {
    let kty: String
    let use = "sig"
    let alg: String
    let kid: String
    var crv: String?
    var x: String?
    var y: String?
    var n: String?
    var e: String?
    var x5c: [String]?
}

/// The keys that verify tokens (RFC 7517, section 5).
public struct JSONWebKeySet: Sendable, Equatable, Encodable {
    public let keys: [JSONWebKey]
}
