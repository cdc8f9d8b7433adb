/// Why a token is not believed. For logs and metrics; the client hears `invalid_token`.
public enum TokenError: String, Error, Sendable, CaseIterable, CustomStringConvertible {
    case tooLong = "too long"
    case malformed = "malformed"
    case wrongAlgorithm = "signed with an algorithm that is not taken here"
    case unknownKey = "signed with a key that is not known here"
    case badSignature = "the signature does not match"
    case wrongIssuer = "from another issuer"
    case wrongAudience = "for another service"
    case expired = "expired"
    case notYetValid = "not valid yet"

    public var description: String { rawValue }
}
