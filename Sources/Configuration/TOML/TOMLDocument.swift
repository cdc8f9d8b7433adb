import TOMLKit

/// The one place that knows the TOML parser: text in, our own tree out.
enum TOMLDocument {
    /// Tables and arrays within each other; the schema needs five.
    static let maximumDepth = 16

    /// - Parameter file: how the text is called in problems.
    static func parse(_ text: String, file: String) throws(ConfigurationProblems) -> SettingNode {
        func problem(line: Int?, _ message: String, _ remedy: String) -> ConfigurationProblems {
            ConfigurationProblems([
                ConfigurationProblem(file: file, line: line, keyPath: "", message: message, remedy: remedy)
            ])
        }
        // The parser is given a C string, and gives C strings back: a NUL would cut them short without a word.
        guard !text.utf8.contains(0), !text.contains("\\u0000"), !text.contains("\\U00000000") else {
            throw problem(line: nil, "holds a NUL character", "remove it")
        }
        let keys = TOMLKeyLines(Array(text.utf8), maximumDepth: maximumDepth)
        if let line = keys.tooDeepAt {
            throw problem(line: line, "is nested deeper than \(maximumDepth) levels", "see config/example.toml")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            // What the parser "saw" may be the beginning of a password without quotes.
            let description = error.description.split(separator: ", saw ").first ?? "syntax error"
            throw problem(
                line: error.source.begin.line,
                "is not TOML: \(description) (column \(error.source.begin.column))",
                "correct the syntax")
        } catch {
            throw problem(line: nil, "is not TOML", "correct the syntax")
        }
        // TOMLKit never frees a table; this empties it, so that a reload leaves neither megabytes nor secrets behind.
        defer { root.clear() }
        return SettingNode(
            content: .table(entries(of: root, path: [], file: file, keys: keys)),
            origin: SettingNode.Origin(file: file, line: nil))
    }

    private static func entries(
        of table: TOMLTable, path: [KeyStep], file: String, keys: TOMLKeyLines
    ) -> [String: SettingNode] {
        var entries: [String: SettingNode] = [:]
        for key in table.keys {
            guard let value = table[key] else { continue }
            entries[key] = node(of: value.tomlValue, path: path + [.key(key)], file: file, keys: keys)
        }
        return entries
    }

    private static func node(
        of value: TOMLValue, path: [KeyStep], file: String, keys: TOMLKeyLines
    ) -> SettingNode {
        let content: SettingNode.Content
        switch value.type {
        case .table:
            content = .table(value.table.map { entries(of: $0, path: path, file: file, keys: keys) } ?? [:])
        case .array:
            let elements = value.array.map(Array.init) ?? []
            content = .array(
                elements.enumerated().map { index, element in
                    node(of: element.tomlValue, path: path + [.index(index)], file: file, keys: keys)
                })
        case .string: content = .string(value.string ?? "")
        case .int: content = .integer(value.int ?? 0)
        case .double: content = .number(value.double ?? 0)
        case .bool: content = .boolean(value.bool ?? false)
        case .date, .time, .dateTime: content = .dateOrTime
        }
        return SettingNode(content: content, origin: SettingNode.Origin(file: file, line: keys.lines[path]))
    }
}
