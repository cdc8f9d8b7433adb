/// The line on which each key of a TOML text stands.
///
/// TOMLKit tells positions of syntax errors only, so this finds keys on its own. It follows the grammar closely enough
/// for text that the parser accepts; where text is malformed it stops, for the parser then says what is wrong. It also
/// measures depth before the parser, which would descend a dotted key of any length, builds its tree.
struct TOMLKeyLines {
    private(set) var lines: [[KeyStep]: Int] = [:]
    /// The line on which the bound on depth was exceeded.
    private(set) var tooDeepAt: Int?

    private let text: [UInt8]
    private var position = 0
    private var line = 1
    private let maximumDepth: Int
    /// Lengths of the arrays of tables seen so far.
    private var arrayLengths: [[KeyStep]: Int] = [:]

    private enum Stop: Error {
        case malformed
        case tooDeep
    }

    init(_ text: [UInt8], maximumDepth: Int) {
        self.text = text
        self.maximumDepth = maximumDepth
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }  // a byte order mark is no part of the first key
        do throws(Stop) {
            try scan()
        } catch {
            if error == .tooDeep { tooDeepAt = line }
        }
    }

    private mutating func scan() throws(Stop) {
        var table: [KeyStep] = []
        while true {
            skipBlank(newlines: true)
            guard let byte = peek() else { return }
            if byte == UInt8(ascii: "[") {
                table = try header()
            } else {
                try assignment(in: table)
            }
            skipBlank(newlines: false)
            guard peek() == nil || peek() == UInt8(ascii: "\n") else { throw .malformed }
        }
    }

    private mutating func header() throws(Stop) -> [KeyStep] {
        let start = line
        try expect("[")
        let isArray = accept("[")
        let path = resolve(try dottedKey())
        try expect("]")
        if isArray { try expect("]") }
        guard isArray else {
            note(path, at: start)
            return path
        }
        let index = arrayLengths[path, default: 0]
        arrayLengths[path] = index + 1
        note(path, at: start)
        lines[path + [.index(index)]] = start
        return path + [.index(index)]
    }

    /// A header that passes through an array of tables means its latest table.
    private func resolve(_ keys: [KeyStep]) -> [KeyStep] {
        var path: [KeyStep] = []
        for (number, key) in keys.enumerated() {
            path.append(key)
            if number < keys.count - 1, let length = arrayLengths[path] { path.append(.index(length - 1)) }
        }
        return path
    }

    /// Remembers the line for the path and for the tables that it opens on the way.
    private mutating func note(_ path: [KeyStep], at line: Int) {
        for end in 1...max(1, path.count) where end <= path.count {
            let part = Array(path[..<end])
            if lines[part] == nil { lines[part] = line }
        }
    }

    private mutating func assignment(in table: [KeyStep]) throws(Stop) {
        let start = line
        let path = try table + dottedKey()
        guard path.count <= maximumDepth else { throw .tooDeep }
        note(path, at: start)
        skipBlank(newlines: false)
        try expect("=")
        skipBlank(newlines: false)
        try value(at: path)
    }

    private mutating func value(at path: [KeyStep]) throws(Stop) {
        guard path.count <= maximumDepth else { throw .tooDeep }
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = try quoted()
        case UInt8(ascii: "["): try array(at: path)
        case UInt8(ascii: "{"): try inlineTable(at: path)
        default: skipScalar()
        }
    }

    private mutating func array(at path: [KeyStep]) throws(Stop) {
        try expect("[")
        var index = 0
        while true {
            skipBlank(newlines: true)
            if accept("]") { return }
            guard peek() != nil else { throw .malformed }
            lines[path + [.index(index)]] = line
            try value(at: path + [.index(index)])
            index += 1
            skipBlank(newlines: true)
            if !accept(",") {
                try expect("]")
                return
            }
        }
    }

    private mutating func inlineTable(at path: [KeyStep]) throws(Stop) {
        try expect("{")
        while true {
            skipBlank(newlines: true)
            if accept("}") { return }
            guard peek() != nil else { throw .malformed }
            try assignment(in: path)
            skipBlank(newlines: true)
            if !accept(",") {
                try expect("}")
                return
            }
        }
    }
}

// MARK: - Tokens

extension TOMLKeyLines {
    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < text.count ? text[position + offset] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < text.count {
            if text[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        advance()
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Stop) {
        guard accept(character) else { throw .malformed }
    }

    private mutating func skipBlank(newlines: Bool) {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): advance()
            case UInt8(ascii: "\n") where newlines: advance()
            case UInt8(ascii: "#"):
                while let byte = peek(), byte != UInt8(ascii: "\n") { advance() }
            default: return
            }
        }
    }

    private mutating func skipScalar() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "#"), UInt8(ascii: "\n"): return
            default: advance()
            }
        }
    }

    private mutating func dottedKey() throws(Stop) -> [KeyStep] {
        var path: [KeyStep] = []
        repeat {
            skipBlank(newlines: false)
            switch peek() {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): path.append(.key(try quoted()))
            default: path.append(.key(try bareKey()))
            }
            guard path.count <= maximumDepth else { throw .tooDeep }
            skipBlank(newlines: false)
        } while accept(".")
        return path
    }

    private mutating func bareKey() throws(Stop) -> String {
        let start = position
        while let byte = peek(), !" \t\r\n.=[]{},#\"'".utf8.contains(byte) { advance() }
        guard position > start else { throw .malformed }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    /// A string of any of TOML's four forms. Escapes other than those of quotes are kept: no key we know has them.
    private mutating func quoted() throws(Stop) -> String {
        guard let quote = peek() else { throw .malformed }
        let isMultiline = peek(1) == quote && peek(2) == quote
        let isBasic = quote == UInt8(ascii: "\"")
        advance(isMultiline ? 3 : 1)
        var bytes: [UInt8] = []
        while let byte = peek() {
            if byte == quote, !isMultiline || (peek(1) == quote && peek(2) == quote) {
                advance(isMultiline ? 3 : 1)
                // Up to two quotes may stand directly before the closing three.
                while isMultiline, accept(Unicode.Scalar(quote)) {}
                return String(decoding: bytes, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\n"), !isMultiline { throw .malformed }
            if isBasic, byte == UInt8(ascii: "\\"), let next = peek(1) {
                if next != quote && next != UInt8(ascii: "\\") { bytes.append(byte) }
                bytes.append(next)
                advance(2)
            } else {
                bytes.append(byte)
                advance()
            }
        }
        throw .malformed
    }
}
