public import CEL

/// A condition of an access policy.
public struct AccessRule: Sendable, Equatable, CustomStringConvertible {
    let condition: CELCondition

    /// - Throws: What does not parse or does not type-check, all of it.
    public init(_ text: String) throws(CELIssues) {
        condition = try CELCondition(text, in: PolicyVariables.environment)
    }

    public var text: String { condition.text }

    public var description: String { text }

    enum Verdict {
        case applies, doesNotApply
        /// Why it gave no bool.
        case failed(String)
    }

    func evaluate(_ activation: Activation) -> Verdict {
        do throws(CELConditionError) {
            return try condition.isTrue(activation) ? .applies : .doesNotApply
        } catch {
            return .failed(error.message)
        }
    }
}
