/// Strict JSON (RFC 8259), before a lenient decoder reads it: two readers of one document must not see two things in it.
///
/// Refuses what decoders differ about: a byte order mark, bytes that are not UTF-8, comments, trailing commas, single
/// quotes, `NaN`, control characters in strings, half surrogates, a key twice in one object, and nesting beyond
/// ``maxDepth``. Iterative: no input can exhaust the stack.
struct JSONSyntax {
    /// Objects and arrays within each other.
    static let maxDepth = 64

    private let bytes: [UInt8]
    private var index = 0
    /// One element for each open object or array; nil for an array.
    private var open: [Set<[UInt8]>?] = []

    /// - Throws: ``JSONSyntaxError``, with the place.
    static func check(_ bytes: [UInt8]) throws(JSONSyntaxError) {
        var syntax = JSONSyntax(bytes: bytes)
        try syntax.document()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(problem: problem, offset: index) }

    private mutating func document() throws(JSONSyntaxError) {
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw failure("it begins with a byte order mark") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw failure("it is not UTF-8") }
        try value()
        while let container = open.last {
            skipBlanks()
            try continueContainer(isObject: container != nil)
        }
        skipBlanks()
        guard index == bytes.count else { throw failure("something follows its end") }
    }

    /// A whole scalar, or the beginning of an object or array up to the end of its first value.
    private mutating func value() throws(JSONSyntaxError) {
        while true {
            skipBlanks()
            switch next {
            case UInt8(ascii: "{"):
                guard try enter(isObject: true, closing: UInt8(ascii: "}")) else { return }
                try key()
            case UInt8(ascii: "["):
                guard try enter(isObject: false, closing: UInt8(ascii: "]")) else { return }
            case UInt8(ascii: "\""):
                _ = try string()
                return
            case UInt8(ascii: "t"): return try literal("true")
            case UInt8(ascii: "f"): return try literal("false")
            case UInt8(ascii: "n"): return try literal("null")
            case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
            case nil: throw failure("it ends too early")
            default: throw failure("a value is expected")
            }
        }
    }

    /// - Returns: false if the container is closed at once.
    private mutating func enter(isObject: Bool, closing: UInt8) throws(JSONSyntaxError) -> Bool {
        guard open.count < Self.maxDepth else { throw failure("it is nested deeper than \(Self.maxDepth) levels") }
        index += 1
        skipBlanks()
        if next == closing {
            index += 1
            return false
        }
        open.append(isObject ? .some([]) : nil)
        return true
    }

    /// After a value in a container: its end, or a comma and the next value.
    private mutating func continueContainer(isObject: Bool) throws(JSONSyntaxError) {
        switch (next, isObject) {
        case (UInt8(ascii: "}"), true), (UInt8(ascii: "]"), false):
            index += 1
            open.removeLast()
        case (UInt8(ascii: ","), _):
            index += 1
            if isObject { try key() }
            try value()
        case (nil, _): throw failure("it ends too early")
        default: throw failure(isObject ? "a comma or } is expected" : "a comma or ] is expected")
        }
    }

    private mutating func key() throws(JSONSyntaxError) {
        skipBlanks()
        guard next == UInt8(ascii: "\"") else { throw failure("a key in double quotes is expected") }
        let key = try string()
        guard open[open.count - 1]?.insert(key).inserted == true else {
            throw failure("a key stands twice in an object")
        }
        skipBlanks()
        guard next == UInt8(ascii: ":") else { throw failure("a colon is expected") }
        index += 1
    }

    /// - Returns: The text, without escapes.
    private mutating func string() throws(JSONSyntaxError) -> [UInt8] {
        index += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return text
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw failure("a control character stands in a string")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw failure("a string has no end")
    }

    private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
        index += 1
        let kind = next
        index += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind ?? 0]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("a backslash is followed by what JSON does not know")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> [UInt8] {
        var units = [try codeUnit()]
        if UTF16.isLeadSurrogate(units[0]), next == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        {
            index += 2
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw failure("half a surrogate pair is escaped")
        }
        return Array(text.utf8)
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 <= bytes.count, bytes[index..<index + 4].allSatisfy(Self.isHexadecimal),
            let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw failure("\\u is not followed by four hexadecimal digits") }
        index += 4
        return unit
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private mutating func literal(_ word: StaticString) throws(JSONSyntaxError) {
        let end = index + word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { end <= bytes.count && bytes[index..<end].elementsEqual($0) }
        guard matches else { throw failure("a value is expected") }
        index = end
    }

    private mutating func number() throws(JSONSyntaxError) {
        if next == UInt8(ascii: "-") { index += 1 }
        if next == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while let byte = next, Self.isDigit(byte) { index += 1 }
        guard index > start else { throw failure("a digit is expected") }
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }
}
