/// The field `Forwarded` (RFC 7239 section 4), as far as it tells of clients.
struct ForwardedField {
    /// What one proxy said.
    struct Element: Equatable {
        var node: ForwardedNode?
        /// In lower case.
        var scheme: String?
    }

    /// Bytes, and no text: what is taken off a text one byte at a time stays where it is within a character of several.
    private var rest: Substring.UTF8View
    private(set) var elements: [Element] = []

    /// - Throws: 400 for what does not follow the grammar, also where it does not matter.
    init(_ text: String) throws(RequestError) {
        rest = text[...].utf8
        repeat { try takeElement() } while take(",")
        guard rest.isEmpty else { throw .forwarding }
    }

    private mutating func takeElement() throws(RequestError) {
        var element = Element()
        var names: Set<String> = []
        repeat {
            skipBlanks()
            let name = try takeToken().lowercased()
            guard take("="), names.insert(name).inserted else { throw .forwarding }
            let value = try takeValue()
            switch name {
            case "for": element.node = try ForwardedNode(value[...])
            case "proto": element.scheme = value.lowercased()
            default: break
            }
            skipBlanks()
        } while take(";")
        elements.append(element)
    }

    private mutating func takeValue() throws(RequestError) -> String {
        guard take("\"") else { return try takeToken() }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let quoted = rest.popFirst() else { throw .forwarding }
                bytes.append(quoted)
            default: bytes.append(byte)
            }
        }
        throw .forwarding
    }

    private mutating func takeToken() throws(RequestError) -> String {
        let token = rest.prefix(while: ByteSet.token.contains)
        guard !token.isEmpty else { throw .forwarding }
        rest = rest[token.endIndex...]
        return String(Substring(token))
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipBlanks() {
        while rest.first == 0x20 || rest.first == 0x09 { rest.removeFirst() }
    }
}
