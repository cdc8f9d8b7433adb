/// How a key is named in a token's header.
public enum KeyIDFormat: String, Sendable, CaseIterable {
    /// The thumbprint of RFC 7638: what distribution v3 and JWKS users know.
    case rfc7638
    /// Twelve groups of four characters: what distribution v2 knows.
    case libtrust
}
