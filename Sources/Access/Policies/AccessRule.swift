internal import CEL

/// A condition of an access policy: a CEL expression that gives a bool, compiled.
public struct AccessRule: Sendable, Equatable, CustomStringConvertible {
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

    let program: Program

    /// - Throws: What does not parse or does not type-check, all of it.
    public init(_ text: String) throws(Malformed) {
        do throws(CELIssues) {
            program = try PolicyVariables.environment.compile(text, expecting: .bool)
        } catch {
            throw Malformed(
                issues: error.issues.map {
                    Issue(line: $0.position.line, column: $0.position.column, message: $0.message, snippet: $0.snippet)
                })
        }
    }

    public var text: String { program.source }

    public var description: String { text }

    public static func == (left: AccessRule, right: AccessRule) -> Bool { left.text == right.text }

    enum Verdict {
        case applies, doesNotApply
        /// Why it gave no bool.
        case failed(String)
    }

    func evaluate(_ activation: Activation) -> Verdict {
        do throws(CELError) {
            switch try program.evaluate(activation) {
            case .bool(true): return .applies
            case .bool(false): return .doesNotApply
            case let other: return .failed("it gives \(other.runtimeType.name), not bool")
            }
        } catch {
            let position = program.position(of: error).map { " at \($0)" } ?? ""
            return .failed("\(error.message)\(position)")
        }
    }
}
