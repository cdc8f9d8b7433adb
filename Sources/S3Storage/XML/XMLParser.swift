/// Reads XML from a server that may send anything: no document types, no entities but the five predefined and numbers,
/// bounded in depth and in elements. The caller bounds the bytes.
///
/// Namespaces and attributes are passed over. Not a validator: what it takes may be no well-formed document.
struct XMLParser {
    static let maximumDepth = 16
    static let maximumElements = 20_000

    private let bytes: [UInt8]
    private var position = 0
    private var elements = 0

    /// The root element.
    static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        var parser = XMLParser(bytes: bytes)
        return try parser.document()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func document() throws(XMLError) -> XMLElement {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        // The elements that are open, the innermost last.
        var open: [XMLElement] = []
        var texts: [[UInt8]] = []
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let piece = try text()
                if texts.isEmpty {
                    guard piece.allSatisfy(Self.isSpace) else { throw XMLError(message: "text outside of elements") }
                } else {
                    texts[texts.count - 1] += piece
                }
                continue
            }
            if skip("<?") {
                try skip(to: "?>")
            } else if skip("<!--") {
                try skip(to: "-->")
            } else if skip("<![CDATA[") {
                guard !texts.isEmpty else { throw XMLError(message: "text outside of elements") }
                let start = position
                try skip(to: "]]>")
                texts[texts.count - 1] += bytes[start..<position - 3]
            } else if skip("<!") {
                throw XMLError(message: "a document type or another declaration")
            } else if skip("</") {
                let name = try self.name()
                skipSpaces()
                guard skip(">"), var element = open.popLast(), element.name == name, let text = texts.popLast() else {
                    throw XMLError(message: "an end without its start")
                }
                element.text = String(decoding: text, as: UTF8.self)
                if open.isEmpty { return element }
                open[open.count - 1].children.append(element)
            } else {
                position += 1
                let element = XMLElement(name: try name())
                elements += 1
                guard elements <= Self.maximumElements else { throw XMLError(message: "too many elements") }
                if try endsAtOnce() {
                    if open.isEmpty { return element }
                    open[open.count - 1].children.append(element)
                } else {
                    open.append(element)
                    texts.append([])
                    guard open.count <= Self.maximumDepth else { throw XMLError(message: "too many levels") }
                }
            }
        }
        throw XMLError(message: "it ends too early")
    }

    private mutating func text() throws(XMLError) -> [UInt8] {
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") {
                text += try reference()
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return text
    }

    private mutating func reference() throws(XMLError) -> [UInt8] {
        let rest = bytes[(position + 1)...].prefix(12)
        guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { throw XMLError(message: "a bare ampersand") }
        let name = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "amp": return [UInt8(ascii: "&")]
        case "apos": return [UInt8(ascii: "'")]
        case "quot": return [UInt8(ascii: "\"")]
        default: break
        }
        let code =
            name.hasPrefix("#x")
            ? UInt32(name.dropFirst(2), radix: 16)
            : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
        guard let code, let scalar = Unicode.Scalar(code), code != 0 else {
            throw XMLError(message: "an entity that is not predefined")
        }
        return Array(String(Character(scalar)).utf8)
    }

    /// A name without its prefix.
    private mutating func name() throws(XMLError) -> String {
        let start = position
        while position < bytes.count, !Self.isSpace(bytes[position]),
            ![UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "<"), UInt8(ascii: "=")].contains(bytes[position])
        {
            position += 1
        }
        let whole = bytes[start..<position]
        guard !whole.isEmpty, whole.count <= 256 else { throw XMLError(message: "an element without a name") }
        let local = whole.lastIndex(of: UInt8(ascii: ":")).map { whole[($0 + 1)...] } ?? whole
        return String(decoding: local, as: UTF8.self)
    }

    /// Passes over the attributes of a start tag; true if it ends the element as well.
    private mutating func endsAtOnce() throws(XMLError) -> Bool {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: ">"):
                position += 1
                return false
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let quote = bytes[position]
                guard let end = bytes[(position + 1)...].firstIndex(of: quote) else {
                    throw XMLError(message: "it ends too early")
                }
                position = end + 1
            case UInt8(ascii: "/") where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: ">"):
                position += 2
                return true
            case UInt8(ascii: "<"):
                throw XMLError(message: "a tag within a tag")
            default:
                position += 1
            }
        }
        throw XMLError(message: "it ends too early")
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let matches = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if matches { position += text.utf8CodeUnitCount }
        return matches
    }

    private mutating func skip(to text: StaticString) throws(XMLError) {
        while position < bytes.count {
            if skip(text) { return }
            position += 1
        }
        throw XMLError(message: "it ends too early")
    }

    private mutating func skipSpaces() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// Why an answer is not XML that is read here.
struct XMLError: Error, Equatable {
    let message: String
}
