import TextEncodings

/// What a client keeps after `login`, in place of the password: 256 random bits, behind a hash of whom it is for, by
/// which all of one subject's can be found and revoked. Never printed, never stored.
public struct RefreshToken: Sendable, CustomStringConvertible, CustomReflectable {
    private static let prefix = "ert_"

    /// For the client.
    let text: String
    public let id: RefreshTokenID

    init(for subject: TokenSubject) {
        var generator = SystemRandomNumberGenerator()
        let owner = RefreshTokenOwner(subject)
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        text = Self.prefix + Base64.url.encode(owner.bytes + secret)
        id = RefreshTokenID(owner: owner, text: text)
    }

    /// Nil for a text that is none.
    public init?(_ text: String) {
        guard text.utf8.count < 128, text.hasPrefix(Self.prefix),
            let bytes = Base64.url.decode(text.utf8.dropFirst(Self.prefix.utf8.count)),
            bytes.count == RefreshTokenOwner.length + 32
        else { return nil }
        self.text = text
        id = RefreshTokenID(owner: RefreshTokenOwner(bytes: Array(bytes.prefix(RefreshTokenOwner.length))), text: text)
    }

    public var description: String { "(refresh token)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// The folder of a subject's tokens.
public struct RefreshTokenOwner: Hashable, Sendable, CustomStringConvertible {
    static let length = 16

    let bytes: [UInt8]

    public init(_ subject: TokenSubject) {
        bytes = Array(OpenSSL.sha256(Array(subject.id.utf8)).prefix(Self.length))
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Hexadecimal.
    public var description: String { bytes.hexadecimal }
}

/// A refresh token as it is stored: its SHA-256, which is enough for something that cannot be guessed.
public struct RefreshTokenID: Hashable, Sendable, CustomStringConvertible {
    public let owner: RefreshTokenOwner
    /// Hexadecimal.
    public let hash: String

    init(owner: RefreshTokenOwner, text: String) {
        self.owner = owner
        hash = OpenSSL.sha256(Array(text.utf8)).hexadecimal
    }

    public var description: String { hash }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
