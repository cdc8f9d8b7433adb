/// An expression that gives a bool, compiled: what policies and rules consist of.
public struct CELCondition: Sendable, Equatable, CustomStringConvertible {
    let program: Program

    /// - Throws: What does not parse or does not type-check, all of it.
    public init(_ text: String, in environment: CELEnvironment) throws(CELIssues) {
        program = try environment.compile(text, expecting: .bool)
    }

    public var text: String { program.source }

    public var description: String { text }

    /// Whether it plainly gives a bool whatever its variables are bound to, null included: it compares, looks for
    /// elements, and combines. False where it might fail, or it cannot be told so simply.
    public var isTotal: Bool { program.isTotal }

    public static func == (left: CELCondition, right: CELCondition) -> Bool { left.text == right.text }

    /// - Throws: If it gives no bool, which only what is not known before it runs can bring about.
    public func isTrue(_ activation: Activation) throws(CELConditionError) -> Bool {
        do throws(CELError) {
            switch try program.evaluate(activation) {
            case .bool(let isTrue): return isTrue
            case let other: throw CELError(.host, "it gives \(other.runtimeType.name), not bool")
            }
        } catch {
            throw CELConditionError(message: error.message + (program.position(of: error).map { " at \($0)" } ?? ""))
        }
    }
}

/// Why a condition gave no bool, and where.
public struct CELConditionError: Error, Sendable, Equatable {
    public let message: String
}
