/// Text in columns. What comes from elsewhere cannot steer the terminal.
enum TerminalText {
    /// Printable, and no longer than `columns`; an ellipsis tells that there is more.
    static func clipped(_ text: String, to columns: Int) -> String {
        let text = printable(text)
        guard text.count > columns else { return text }
        return columns > 1 ? text.prefix(columns - 1) + "…" : String(text.prefix(max(columns, 0)))
    }

    static func left(_ text: String, _ columns: Int) -> String {
        let text = clipped(text, to: columns)
        return text + String(repeating: " ", count: columns - text.count)
    }

    static func right(_ text: String, _ columns: Int) -> String {
        let text = clipped(text, to: columns)
        return String(repeating: " ", count: columns - text.count) + text
    }

    /// `[#####.....]`, of so many columns; a part that is not known is all dots.
    static func bar(_ part: Double?, _ columns: Int) -> String {
        let room = max(columns - 2, 1)
        let filled = part.map { Int(min(max($0, 0), 1) * Double(room)) } ?? 0
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled) + "]"
    }

    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
