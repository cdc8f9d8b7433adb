/// One thing that is wrong with a configuration, where it is, and what to do about it.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// nil where no one file is to blame.
    public let file: String?
    /// From 1, where known.
    public let line: Int?
    /// Dotted, as TOML writes it: `repository."docker.io".upstream[0].url`; empty for a file as a whole.
    public let keyPath: String
    public let message: String
    public let remedy: String
    /// The line at fault of a text within a value, and below it a caret; nil elsewhere.
    public let snippet: String?

    public init(
        file: String?, line: Int?, keyPath: String, message: String, remedy: String, snippet: String? = nil
    ) {
        self.file = file
        self.line = line
        self.keyPath = keyPath
        self.message = message
        self.remedy = remedy
        self.snippet = snippet
    }

    /// `file:line: key.path: message; remedy`, and the snippet below it
    public var description: String {
        var place = file ?? ""
        if let line, file != nil { place += ":\(line)" }
        let text = [place, keyPath, "\(message); \(remedy)"].filter { !$0.isEmpty }.joined(separator: ": ")
        guard let snippet else { return text }
        return text + snippet.split(separator: "\n").map { "\n    \($0)" }.joined()
    }
}
