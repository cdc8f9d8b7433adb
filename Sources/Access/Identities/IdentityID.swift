/// The name of an `[identity.<id>]` table, or of whom a token speaks for: what policies see as `identity.id`.
public struct IdentityID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public static let longest = 128

    public let value: String

    /// Nil for text that is empty, longer than ``longest`` bytes or has control characters.
    public init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count), text.isFreeOfControls else { return nil }
        value = text
    }

    public var description: String { value }

    public static func < (left: IdentityID, right: IdentityID) -> Bool {
        left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
    }
}

/// What a client calls itself in `Authorization: Basic` (RFC 7617, section 2).
public struct Username: Hashable, Sendable, CustomStringConvertible {
    public static let longest = 255

    public let value: String

    /// Nil for text that is empty, longer than ``longest`` bytes, or has a colon or control characters.
    public init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count), text.isFreeOfControls,
            !text.utf8.contains(UInt8(ascii: ":"))
        else { return nil }
        value = text
    }

    public var description: String { value }

    /// Byte by byte: Swift's own equality takes differently composed letters for the same.
    public static func == (left: Username, right: Username) -> Bool { left.value.utf8.elementsEqual(right.value.utf8) }

    public func hash(into hasher: inout Hasher) {
        for byte in value.utf8 { hasher.combine(byte) }
    }
}

extension String {
    var isFreeOfControls: Bool {
        unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
