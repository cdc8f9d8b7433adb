public import CEL

/// A condition under which an image is kept.
public struct RetentionRule: Sendable, Equatable, CustomStringConvertible {
    private let condition: CELCondition

    /// - Throws: What does not parse or does not type-check, all of it.
    public init(_ text: String) throws(CELIssues) {
        condition = try CELCondition(text, in: RetentionVariables.environment)
    }

    public var text: String { condition.text }

    public var description: String { text }

    func keeps(_ activation: Activation) throws(CELConditionError) -> Bool { try condition.isTrue(activation) }
}
