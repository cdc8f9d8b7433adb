/// `&&` or `||` over any number of operands: one operand that decides outweighs errors in the others.
final class LogicNode: EvaluationNode {
    /// The operand value that decides: false for `&&`, true for `||`.
    let decisive: Bool
    let operands: [any EvaluationNode]
    let offset: Int

    init(_ operation: LogicalOperator, _ operands: [any EvaluationNode], offset: Int) {
        self.decisive = operation == .or
        self.operands = operands
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var failure: CELError?
        for operand in operands {
            do throws(CELError) {
                let value = try operand.evaluate(context)
                guard case .bool(let bool) = value else {
                    throw CELError.noMatchingOverload(decisive ? "_||_" : "_&&_", value).at(offset)
                }
                if bool == decisive { return .bool(decisive) }
            } catch {
                if error.isFatal { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(!decisive)
    }
}

final class NotNode: EvaluationNode {
    let operand: any EvaluationNode
    let offset: Int

    init(_ operand: any EvaluationNode, offset: Int) {
        self.operand = operand
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try operand.evaluate(context)
        guard case .bool(let bool) = value else { throw CELError.noMatchingOverload("!_", value).at(offset) }
        return .bool(!bool)
    }
}

final class ConditionalNode: EvaluationNode {
    let condition: any EvaluationNode
    let then: any EvaluationNode
    let otherwise: any EvaluationNode
    let offset: Int

    init(
        _ condition: any EvaluationNode, then: any EvaluationNode, otherwise: any EvaluationNode, offset: Int
    ) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try condition.evaluate(context)
        guard case .bool(let bool) = value else { throw CELError.noMatchingOverload("_?_:_", value).at(offset) }
        return bool ? try then.evaluate(context) : try otherwise.evaluate(context)
    }
}
