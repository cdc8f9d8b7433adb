/// A place in a source: both numbers count from one, columns count code points.
public struct SourcePosition: Sendable, Equatable, CustomStringConvertible {
    public let line: Int
    public let column: Int

    public var description: String { "\(line):\(column)" }
}

/// The source of one expression, as UTF-8.
struct SourceText: Sendable {
    let text: String
    let bytes: [UInt8]

    init(_ text: String) {
        self.text = text
        self.bytes = Array(text.utf8)
    }

    func position(at offset: Int) -> SourcePosition {
        let start = lineStart(before: offset)
        let line = bytes[..<start].count { $0 == UInt8(ascii: "\n") } + 1
        let column = String(decoding: bytes[start..<min(offset, bytes.count)], as: UTF8.self).unicodeScalars.count + 1
        return SourcePosition(line: line, column: column)
    }

    /// The line of `offset`, cut to a readable width around it, and a caret line.
    func snippet(at offset: Int) -> String {
        let start = lineStart(before: offset)
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let line = Array(String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars)
        let column = position(at: offset).column - 1
        let from = max(0, column - 60)
        let shown = line[min(from, line.count)..<min(from + 120, line.count)]
        var text = String(String.UnicodeScalarView(shown.map { $0.value < 0x20 ? " " : $0 }))
        text += "\n" + String(repeating: " ", count: column - from) + "^"
        return text
    }

    private func lineStart(before offset: Int) -> Int {
        let head = bytes[..<min(offset, bytes.count)]
        return head.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }
}
