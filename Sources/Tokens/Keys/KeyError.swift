/// What is wrong with a key or a certificate.
public struct KeyError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        case notPEM, unsupportedKey, cannotSign, weakKey, notACertificate, otherKey, wrongAlgorithm
    }

    public let code: Code
    /// What is wrong; never what the file holds.
    public let message: String
    public let remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message); \(remedy)" }

    static let notPEM = KeyError(
        .notPEM, "holds no PEM", remedy: "write one with 'entrepot token keygen' or 'openssl genpkey'")
    static let unsupported = KeyError(
        .unsupportedKey, "holds no unencrypted RSA, P-256 or Ed25519 key",
        remedy: "write one with 'entrepot token keygen' or 'openssl genpkey'")
    static let cannotSign = KeyError(
        .cannotSign, "cannot sign", remedy: "look whether the machine is out of memory")
    static let weak = KeyError(
        .weakKey, "holds an RSA key of less than 2048 bits", remedy: "make one of 2048 bits or more")
}
