/// A stored password: argon2 as PHC string, or bcrypt. It prints, dumps and reflects as `(secret)`.
///
/// What one check may cost is bounded when the text is parsed, for it comes from a file and is run for strangers.
public struct PasswordHash: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    enum Algorithm: Sendable, Equatable {
        case argon2(Argon2Variant)
        case bcrypt
    }

    let text: String
    let algorithm: Algorithm

    /// - Throws: What is wrong with the text; never its content.
    public init(_ text: String) throws(PasswordHashError) {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false).dropFirst()
        guard text.hasPrefix("$"), let name = fields.first else { throw .notAHash }
        switch name {
        case "argon2id", "argon2i", "argon2d":
            guard let variant = Argon2Variant(rawValue: String(name)) else { throw .notAHash }
            try Argon2Parameters.check(Array(fields.dropFirst()))
            algorithm = .argon2(variant)
        case "2a", "2b", "2y":
            try Bcrypt.check(Array(fields.dropFirst()))
            algorithm = .bcrypt
        default:
            throw .notAHash
        }
        self.text = text
    }

    public func reveal() -> String { text }

    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension PasswordHash {
    /// Whether `password` is the one that was stored. Takes the time and memory that the parameters ask for; the
    /// comparison takes the same time wherever the two differ.
    func matches(_ password: [UInt8]) -> Bool {
        switch algorithm {
        case .argon2(let variant): variant.verify(text, password)
        case .bcrypt: Bcrypt.verify(text, password)
        }
    }
}

extension PasswordHashError {
    static let notAHash = Self(
        message: "is not the hash of a password",
        remedy: "write what 'entrepot hash-password' prints: $argon2id$..., or bcrypt's $2y$...")

    static func outOfBounds(_ what: String, _ bounds: String) -> Self {
        Self(message: "has \(what) out of bounds", remedy: "use \(bounds); 'entrepot hash-password' makes a new hash")
    }
}

extension ClosedRange<Int> {
    /// For remedies.
    var words: String { "\(lowerBound) to \(upperBound)" }
}

/// Why a text is no hash that is taken, and what to do about it.
public struct PasswordHashError: Error, Equatable {
    public let message: String
    public let remedy: String
}
