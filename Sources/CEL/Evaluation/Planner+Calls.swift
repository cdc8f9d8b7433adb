extension Planner {
    mutating func call(
        _ name: String, _ overloads: [FunctionOverload]?, _ arguments: [Expression], offset: Int
    ) -> any EvaluationNode {
        guard let overloads else {
            return FailureNode(CELError(.unboundFunction, "undeclared reference to function '\(name)'").at(offset))
        }
        let set = OverloadSet(name: name, overloads, argumentCount: arguments.count, offset: offset)
        let planned = arguments.map { plan($0) }
        guard !set.candidates.isEmpty else {
            return FailureNode(
                CELError(.noMatchingOverload, "no overload of '\(name)' takes \(arguments.count) arguments").at(offset))
        }
        if name == "matches", planned.count == 2, let node = constantMatch(planned[0], planned[1], arguments[1]) {
            return node
        }
        if name == "or" || name == "orValue", planned.count == 2, overloads[0].isMember {
            return OptionalChoiceNode(set, planned[0], planned[1], isOptionalResult: name == "or")
        }
        let isConstant = set.isPure && planned.allSatisfy { $0 is ConstantNode }
        return switch planned.count {
        case 1: folded(UnaryCallNode(set, planned[0])) { _ in isConstant }
        case 2: folded(BinaryCallNode(set, planned[0], planned[1])) { _ in isConstant }
        default: folded(VariadicCallNode(set, planned)) { _ in isConstant }
        }
    }

    /// A `matches` whose pattern is a constant compiles it now; a pattern that is wrong is an issue of the source.
    private mutating func constantMatch(
        _ text: any EvaluationNode, _ pattern: any EvaluationNode, _ expression: Expression
    ) -> (any EvaluationNode)? {
        guard case .string(let pattern)? = (pattern as? ConstantNode)?.value else { return nil }
        do throws(CELError) {
            let compiled = try RegularExpression(pattern, maximumLength: limits.regularExpressionBytes)
            return MatchesNode(text, compiled, offset: expression.offset)
        } catch {
            issues.append(CELIssue(error.message, at: expression.offset, in: source))
            return FailureNode(error.at(expression.offset))
        }
    }

    mutating func plan(_ comprehension: Comprehension, offset: Int) -> any EvaluationNode {
        let rangeNode = plan(comprehension.range)
        let firstSlot = newSlot()
        var secondSlot: Int?
        var variables: [(name: String, node: any EvaluationNode)]
        switch comprehension.variables {
        case .one(let name):
            variables = [(name, LocalNode(slot: firstSlot))]
        case .two(let first, let second):
            let slot = newSlot()
            secondSlot = slot
            variables = [(first, LocalNode(slot: firstSlot)), (second, LocalNode(slot: slot))]
        }
        let range = ComprehensionRange(
            node: rangeNode, firstSlot: firstSlot, secondSlot: secondSlot, offset: comprehension.range.offset)
        return withLocals(variables) { planner in
            let filter = comprehension.filter.map { planner.plan($0) }
            let body = planner.plan(comprehension.body)
            return switch comprehension.kind {
            case .all: QuantifierNode(range, decisive: false, condition: body)
            case .exists: QuantifierNode(range, decisive: true, condition: body)
            case .existsOne: ExistsOneNode(range, condition: body)
            case .list: TransformListNode(range, filter: filter, body: body)
            case .map: TransformMapNode(range, filter: filter, body: body, isEntries: false)
            case .mapEntries: TransformMapNode(range, filter: filter, body: body, isEntries: true)
            case .sorted: SortByNode(range, body: body)
            }
        }
    }
}
