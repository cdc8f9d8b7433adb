final class VariableNode: EvaluationNode {
    let slot: Int
    let name: String
    let offset: Int

    init(slot: Int, name: String, offset: Int) {
        self.slot = slot
        self.name = name
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        guard let value = context.variables[slot] else {
            throw CELError(.unboundVariable, "variable '\(name)' has no value").at(offset)
        }
        return value
    }
}

/// `has(a.b)` where `a.b` is a declared variable: whether it is bound.
final class VariablePresenceNode: EvaluationNode {
    let slot: Int

    init(slot: Int) {
        self.slot = slot
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value { .bool(context.variables[slot] != nil) }
}

/// A macro's variable; each macro of a program has slots of its own.
final class LocalNode: EvaluationNode {
    let slot: Int

    init(slot: Int) {
        self.slot = slot
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value { context.locals[slot] ?? .null }
}

/// A variable of `cel.bind`, computed at its first use.
final class BoundLocalNode: EvaluationNode {
    let slot: Int
    let initializer: any EvaluationNode

    init(slot: Int, initializer: any EvaluationNode) {
        self.slot = slot
        self.initializer = initializer
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        if let value = context.locals[slot] { return value }
        try context.charge(1)
        let value = try initializer.evaluate(context)
        context.locals[slot] = value
        return value
    }
}

/// `cel.bind`: forgets what an earlier turn of a surrounding macro computed.
final class BindingNode: EvaluationNode {
    let slot: Int
    let body: any EvaluationNode

    init(slot: Int, body: any EvaluationNode) {
        self.slot = slot
        self.body = body
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        context.locals[slot] = nil
        return try body.evaluate(context)
    }
}
