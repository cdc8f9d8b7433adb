/// A configuration's text as our own tree, or the problem with it.
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
        // Paths and passwords go to C: a NUL would cut them short without a word.
        guard !text.utf8.contains(0), !text.contains("\\u0000"), !text.contains("\\U00000000") else {
            throw problem(line: nil, "holds a NUL character", "remove it")
        }
        do throws(TOMLSyntaxError) {
            return try TOMLParser.parse(text.utf8, file: file, maximumDepth: maximumDepth)
        } catch {
            switch error.problem {
            case .tooDeep:
                throw problem(
                    line: error.line, "is nested deeper than \(maximumDepth) levels", "see config/example.toml")
            case .syntax(let message):
                throw problem(
                    line: error.line, "is not TOML: \(message) (column \(error.column))", "correct the syntax")
            }
        }
    }
}
