/// One reason why a source was rejected.
public struct CELIssue: Sendable, Equatable {
    public let message: String
    public let position: SourcePosition
    /// The source line and, below it, a caret under the offending column.
    public let snippet: String

    init(_ message: String, at offset: Int, in source: SourceText) {
        self.message = message
        self.position = source.position(at: offset)
        self.snippet = source.snippet(at: offset)
    }
}

extension CELIssue: CustomStringConvertible {
    public var description: String { "\(position): \(message)\n\(snippet)" }
}

/// All reasons why a source was rejected; never empty.
public struct CELIssues: Error, Sendable, Equatable {
    public let issues: [CELIssue]

    init(_ issues: [CELIssue]) {
        self.issues = issues
    }
}

extension CELIssues: CustomStringConvertible {
    public var description: String { issues.map(\.description).joined(separator: "\n") }
}
