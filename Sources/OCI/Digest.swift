/// A content digest: an algorithm and its value in lower-case hexadecimal.
///
/// A `Digest` exists only if it is valid (OCI image specification, "Digests"): nothing that holds one need check it again.
public struct Digest: Hashable, Sendable {
    /// The registered algorithms this registry computes.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256
        case sha512

        /// Length of the encoded value in characters.
        public var hexLength: Int {
            switch self {
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    public let algorithm: Algorithm
    /// The value, lower-case hexadecimal, exactly ``Algorithm/hexLength`` characters.
    public let hex: String

    /// Parses `sha256:<64 hex>` or `sha512:<128 hex>`; upper-case hexadecimal is not valid.
    public init?(_ text: String) {
        self.init(text[...])
    }

    // Two concrete initialisers instead of a generic one: digests are parsed on every request, and a generic one is not
    // specialised across modules.
    public init?(_ text: Substring) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let algorithm = Algorithm(rawValue: String(text[..<colon]))
        else { return nil }
        self.init(algorithm: algorithm, hex: text[text.utf8.index(after: colon)...])
    }

    public init?(algorithm: Algorithm, hex: String) {
        self.init(algorithm: algorithm, hex: hex[...])
    }

    public init?(algorithm: Algorithm, hex: Substring) {
        let digits = hex.utf8
        guard digits.count == algorithm.hexLength,
            digits.withContiguousStorageIfAvailable({ $0.allSatisfy({ $0.isLowerCaseHexDigit }) })
                ?? digits.allSatisfy({ $0.isLowerCaseHexDigit })
        else { return nil }
        self.algorithm = algorithm
        self.hex = String(hex)
    }

    /// A computed hash value; nil if its length is not the algorithm's.
    public init?(algorithm: Algorithm, bytes: some Collection<UInt8>) {
        guard bytes.count * 2 == algorithm.hexLength else { return nil }
        self.algorithm = algorithm
        self.hex = String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            var position = 0
            for byte in bytes {
                buffer[position] = Self.hexDigit(byte >> 4)
                buffer[position + 1] = Self.hexDigit(byte & 0xF)
                position += 2
            }
            return position
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}

extension Digest: CustomStringConvertible {
    public var description: String { written() }

    /// The entity tag of content: its digest in quotes (RFC 9110 section 8.8.3).
    public var entityTag: String { written(between: UInt8(ascii: "\"")) }

    /// Both are part of every answer: put together byte by byte, they cost a fifth of an interpolation.
    private func written(between quote: UInt8? = nil) -> String {
        var name = algorithm.rawValue
        var digits = hex
        return String(unsafeUninitializedCapacity: name.utf8.count + digits.utf8.count + 3) { bytes in
            var count = 0
            func append(_ byte: UInt8) {
                bytes[count] = byte
                count += 1
            }
            func append(_ text: UnsafeBufferPointer<UInt8>) {
                count += UnsafeMutableBufferPointer(rebasing: bytes[count...]).update(fromContentsOf: text)
            }
            if let quote { append(quote) }
            name.withUTF8 { append($0) }
            append(UInt8(ascii: ":"))
            digits.withUTF8 { append($0) }
            if let quote { append(quote) }
            return count
        }
    }
}

extension Digest: Comparable {
    public static func < (left: Digest, right: Digest) -> Bool {
        (left.algorithm.rawValue, left.hex) < (right.algorithm.rawValue, right.hex)
    }
}

extension UInt8 {
    @inline(__always)
    var isLowerCaseHexDigit: Bool {
        (self &- UInt8(ascii: "0")) < 10 || (self &- UInt8(ascii: "a")) < 6
    }

    @inline(__always)
    var isLowerCaseAlphanumeric: Bool {
        (self &- UInt8(ascii: "0")) < 10 || (self &- UInt8(ascii: "a")) < 26
    }
}
