/// Turns a syntax tree into nodes: names become slots, constants are computed, patterns compiled.
struct Planner {
    let resolver: NameResolver
    let source: SourceText
    let limits: Limits
    var locals: [(name: String, node: any EvaluationNode)] = []
    private(set) var localCount = 0
    /// What only planning finds, such as a pattern that does not compile.
    var issues: [CELIssue] = []

    init(resolver: NameResolver, source: SourceText, limits: Limits) {
        self.resolver = resolver
        self.source = source
        self.limits = limits
    }

    func isLocal(_ name: String) -> Bool {
        locals.contains { $0.name == name }
    }

    /// Slots are never used twice: a `cel.bind` may be computed while an inner macro runs.
    mutating func newSlot() -> Int {
        defer { localCount += 1 }
        return localCount
    }

    mutating func withLocals<Result>(
        _ variables: [(name: String, node: any EvaluationNode)], _ body: (inout Planner) -> Result
    ) -> Result {
        locals += variables
        defer { locals.removeLast(variables.count) }
        return body(&self)
    }

    mutating func plan(_ expression: Expression) -> any EvaluationNode {
        let offset = expression.offset
        switch expression.form {
        case .literal(let value):
            return ConstantNode(value)
        case .identifier(let name, let isAbsolute):
            if !isAbsolute, let local = locals.last(where: { $0.name == name }) { return local.node }
            return reference(expression)
                ?? FailureNode(CELError(.unboundVariable, "undeclared reference to '\(name)'").at(offset))
        case .select(let operand, let field, let mode, _):
            return select(expression, operand, field, mode)
        case .index(let operand, let index, let isOptional):
            return IndexNode(plan(operand), plan(index), isOptional: isOptional, offset: offset)
        case .call(let name, let isAbsolute, let arguments):
            let overloads = resolver.function(name, isAbsolute: isAbsolute)
            return call(name, overloads, arguments, offset: offset)
        case .memberCall(let target, let name, let arguments):
            if let function = resolver.namespacedFunction(target, name, isLocal: isLocal) {
                return call(function.name, function.overloads, arguments, offset: offset)
            }
            return call(name, resolver.memberFunction(name), [target] + arguments, offset: offset)
        case .unary(.not, let operand):
            return NotNode(plan(operand), offset: offset)
        case .unary(.negate, let operand):
            return NegationNode(plan(operand), offset: offset)
        case .binary(let operation, let left, let right):
            return binary(operation, plan(left), plan(right), offset: offset)
        case .logical(let operation, let operands):
            return LogicNode(operation, operands.map { plan($0) }, offset: offset)
        case .conditional(let condition, let then, let otherwise):
            return ConditionalNode(plan(condition), then: plan(then), otherwise: plan(otherwise), offset: offset)
        case .list(let elements):
            return folded(ListNode(elements.map { (plan($0.expression), $0.isOptional) }, offset: offset)) { node in
                node.elements.allSatisfy { $0.node is ConstantNode }
            }
        case .map(let entries):
            let planned = entries.map {
                MapNode.Entry(key: plan($0.key), value: plan($0.value), isOptional: $0.isOptional)
            }
            return folded(MapNode(planned, offset: offset)) { node in
                node.entries.allSatisfy { $0.key is ConstantNode && $0.value is ConstantNode }
            }
        case .comprehension(let comprehension):
            return plan(comprehension, offset: offset)
        case .binding(let name, let value, let body):
            let slot = newSlot()
            let variable = BoundLocalNode(slot: slot, initializer: plan(value))
            return withLocals([(name, variable)]) { planner in BindingNode(slot: slot, body: planner.plan(body)) }
        case .optionalMap(let target, let name, let body, let isFlat):
            let target = plan(target)
            let slot = newSlot()
            return withLocals([(name, LocalNode(slot: slot))]) { planner in
                OptionalMapNode(target, slot: slot, body: planner.plan(body), isFlat: isFlat, offset: offset)
            }
        case .message(let name):
            return FailureNode(CELError(.unboundVariable, "'\(name)' is not a known message type").at(offset))
        }
    }

    private func binary(
        _ operation: BinaryOperator, _ left: any EvaluationNode, _ right: any EvaluationNode, offset: Int
    ) -> any EvaluationNode {
        switch operation {
        case .equal, .notEqual: EqualityNode(left, right, isNegated: operation == .notEqual)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: OrderNode(left, right, operation, offset: offset)
        case .in: MembershipNode(left, in: right, offset: offset)
        case .add, .subtract, .multiply, .divide, .remainder: ArithmeticNode(left, right, operation, offset: offset)
        }
    }

    private func reference(_ expression: Expression) -> (any EvaluationNode)? {
        switch resolver.reference(expression, isLocal: isLocal) {
        case .variable(let slot, _):
            VariableNode(slot: slot, name: expression.qualifiedName?.name ?? "", offset: expression.offset)
        case .type(let type): ConstantNode(.type(type))
        case nil: nil
        }
    }

    private mutating func select(
        _ expression: Expression, _ operand: Expression, _ field: String, _ mode: Expression.SelectMode
    ) -> any EvaluationNode {
        switch mode {
        case .optional:
            return SelectNode(plan(operand), field: field, isOptional: true, offset: expression.offset)
        case .plain:
            return reference(expression)
                ?? SelectNode(plan(operand), field: field, isOptional: false, offset: expression.offset)
        case .presence:
            if case .variable(let slot, _) = resolver.reference(expression, isLocal: isLocal) {
                return VariablePresenceNode(slot: slot)
            }
            return PresenceNode(plan(operand), field: field, offset: expression.offset)
        }
    }

    /// The node's value when it depends on constants only; errors wait until the node is evaluated.
    func folded<Node: EvaluationNode>(_ node: Node, when isConstant: (Node) -> Bool) -> any EvaluationNode {
        guard isConstant(node) else { return node }
        var limits = limits
        limits.cost = min(limits.cost, 10_000)
        let context = EvaluationContext(variables: [], localCount: 0, limits: limits)
        guard let value = try? node.evaluate(context) else { return node }
        return ConstantNode(value)
    }
}
