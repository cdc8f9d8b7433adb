internal import CEL

/// A condition under which an image is kept: a CEL expression that gives a bool, compiled.
public struct RetentionRule: Sendable, Equatable, CustomStringConvertible {
    /// Everything that is wrong with a rule's text.
    public struct Malformed: Error, Sendable, Equatable {
        public let issues: [Issue]
    }

    public struct Issue: Sendable, Equatable {
        /// From 1, within the text; columns count code points.
        public let line: Int
        public let column: Int
        public let message: String
        /// The line at fault, and below it a caret under the column.
        public let snippet: String
    }

    /// Why a rule gave no bool.
    struct Failed: Error {
        let message: String
    }

    private let program: Program

    /// - Throws: What does not parse or does not type-check, all of it.
    public init(_ text: String) throws(Malformed) {
        do throws(CELIssues) {
            program = try RetentionVariables.environment.compile(text, expecting: .bool)
        } catch {
            throw Malformed(
                issues: error.issues.map {
                    Issue(line: $0.position.line, column: $0.position.column, message: $0.message, snippet: $0.snippet)
                })
        }
    }

    public var text: String { program.source }

    public var description: String { text }

    public static func == (left: RetentionRule, right: RetentionRule) -> Bool { left.text == right.text }

    func keeps(_ activation: Activation) throws(Failed) -> Bool {
        do throws(CELError) {
            switch try program.evaluate(activation) {
            case .bool(let keeps): return keeps
            case let other: throw CELError(.host, "it gives \(other.runtimeType.name), not bool")
            }
        } catch {
            throw Failed(message: error.message + (program.position(of: error).map { " at \($0)" } ?? ""))
        }
    }
}
