import TextEncodings

/// What a client shows in `Authorization` (RFC 9110, section 11.6.2).
public enum Credentials: Sendable {
    case basic(BasicCredentials)
    case bearer(String)

    private static let longest = 64 * 1024

    /// - Parameter field: The value of the header field.
    /// - Throws: ``CredentialError/malformed`` for a scheme that is not known or credentials that are none.
    public init(_ field: String) throws(CredentialError) {
        guard field.utf8.count <= Self.longest, let space = field.utf8.firstIndex(of: UInt8(ascii: " ")) else {
            throw .malformed
        }
        let rest = field[space...].drop { $0 == " " }
        switch field[..<space].lowercased() {
        case "basic":
            guard let credentials = BasicCredentials(encoded: rest) else { throw .malformed }
            self = .basic(credentials)
        case "bearer":
            guard !rest.isEmpty, rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformed }
            self = .bearer(String(rest))
        default:
            throw .malformed
        }
    }
}

/// User name and password of RFC 7617. The password is not printed.
public struct BasicCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    public let username: Username
    let password: [UInt8]

    private static let longestPassword = 4096

    /// Nil for a password longer than 4096 bytes.
    public init?(username: Username, password: String) {
        self.init(username: username, password: Array(password.utf8))
    }

    private init?(username: Username, password: [UInt8]) {
        guard password.count <= Self.longestPassword else { return nil }
        self.username = username
        self.password = password
    }

    /// Nil if it is not the base64 of `name:password`.
    init?(encoded: Substring) {
        guard let bytes = Base64.standard.decode(encoded.utf8),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: bytes[..<colon], as: UTF8.self), let username = Username(name)
        else { return nil }
        self.init(username: username, password: Array(bytes[(colon + 1)...]))
    }

    public var description: String { "\(username):(secret)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
