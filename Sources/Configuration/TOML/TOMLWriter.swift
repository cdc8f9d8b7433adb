/// Writes tables and their values, one a line.
struct TOMLWriter {
    private(set) var text = ""

    mutating func table(_ path: String...) { table(path) }

    mutating func table(_ path: [String]) {
        header("[\(TOMLWriter.dotted(path))]")
    }

    mutating func arrayTable(_ path: String...) {
        header("[[\(TOMLWriter.dotted(path))]]")
    }

    mutating func value(_ key: String, _ number: Int) {
        text += "\(key) = \(number)\n"
    }

    mutating func value(_ key: String, _ number: Double) {
        text += "\(key) = \(number)\n"
    }

    mutating func value(_ key: String, _ flag: Bool) {
        text += "\(key) = \(flag)\n"
    }

    mutating func value(_ key: String, _ strings: [String]) {
        text += "\(key) = [\(strings.map(TOMLText.string).joined(separator: ", "))]\n"
    }

    /// A value that is absent is not written.
    mutating func value(_ key: String, _ string: String?) {
        guard let string else { return }
        text += "\(key) = \(TOMLText.string(string))\n"
    }

    mutating func comment(_ line: String) {
        text += "# \(line)\n"
    }

    private mutating func header(_ line: String) {
        text += (text.isEmpty ? "" : "\n") + line + "\n"
    }

    private static func dotted(_ path: [String]) -> String {
        path.map(TOMLText.key).joined(separator: ".")
    }
}
