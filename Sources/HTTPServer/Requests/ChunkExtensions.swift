import NIOCore

/// The extensions behind a chunk's size (RFC 9112 section 7.1.1):
/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )`.
///
/// Nobody uses them. What is not exactly this is refused, as two readers may disagree about where it ends.
struct ChunkExtensions {
    private var rest: ByteBufferView

    /// - Precondition: there are no control characters but tabs.
    static func areWellFormed(_ bytes: ByteBufferView) -> Bool {
        var extensions = ChunkExtensions(rest: bytes)
        while !extensions.rest.isEmpty {
            guard extensions.takeOne() else { return false }
        }
        return true
    }

    private mutating func takeOne() -> Bool {
        skipBlanks()
        guard take(UInt8(ascii: ";")) else { return false }
        skipBlanks()
        guard takeToken() else { return false }
        let end = rest
        skipBlanks()
        guard take(UInt8(ascii: "=")) else {
            // These blanks belong to the next one, if there is one.
            rest = end
            return true
        }
        skipBlanks()
        return take(UInt8(ascii: "\"")) ? takeQuoted() : takeToken()
    }

    private mutating func takeToken() -> Bool {
        let length = rest.prefix(while: ByteSet.token.contains).count
        rest = rest.dropFirst(length)
        return length > 0
    }

    /// Behind its first quote.
    private mutating func takeQuoted() -> Bool {
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
        }
        return false
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func skipBlanks() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }
}
