/// One step of a program: immutable, names resolved, shared by all evaluations.
protocol EvaluationNode: AnyObject, Sendable {
    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value
}

final class ConstantNode: EvaluationNode {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value { value }
}

/// Stands for what could not be resolved, so that `true || unknown` still has a value.
final class FailureNode: EvaluationNode {
    let error: CELError

    init(_ error: CELError) {
        self.error = error
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value { throw error }
}
