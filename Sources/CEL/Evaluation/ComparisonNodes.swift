final class EqualityNode: EvaluationNode {
    let left: any EvaluationNode
    let right: any EvaluationNode
    let isNegated: Bool

    init(_ left: any EvaluationNode, _ right: any EvaluationNode, isNegated: Bool) {
        self.left = left
        self.right = right
        self.isNegated = isNegated
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let left = try left.evaluate(context)
        let right = try right.evaluate(context)
        try context.charge(1 + left.comparisonCost(with: right))
        return .bool((left == right) != isNegated)
    }
}

final class OrderNode: EvaluationNode {
    let left: any EvaluationNode
    let right: any EvaluationNode
    let operation: BinaryOperator
    let offset: Int

    init(_ left: any EvaluationNode, _ right: any EvaluationNode, _ operation: BinaryOperator, offset: Int) {
        self.left = left
        self.right = right
        self.operation = operation
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let left = try left.evaluate(context)
        let right = try right.evaluate(context)
        try context.charge(1 + left.comparisonCost(with: right))
        guard let order = left.order(right) else {
            throw CELError.noMatchingOverload(operation.rawValue, left, right).at(offset)
        }
        return switch operation {
        case .less: .bool(order == .less)
        case .lessOrEqual: .bool(order == .less || order == .equal)
        case .greater: .bool(order == .greater)
        default: .bool(order == .greater || order == .equal)
        }
    }
}

/// `a in b`.
final class MembershipNode: EvaluationNode {
    let element: any EvaluationNode
    let container: any EvaluationNode
    let offset: Int

    init(_ element: any EvaluationNode, in container: any EvaluationNode, offset: Int) {
        self.element = element
        self.container = container
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let element = try element.evaluate(context)
        let container = try container.evaluate(context)
        switch container {
        case .list(let list):
            return .bool(try list.containsValue(element, context))
        case .map(let map):
            try context.charge(1)
            return .bool(map[element] != nil)
        default:
            throw CELError.noMatchingOverload("@in", element, container).at(offset)
        }
    }
}

extension [Value] {
    /// A linear search that pays for what it compares.
    func containsValue(_ element: Value, _ context: EvaluationContext) throws(CELError) -> Bool {
        for candidate in self {
            try context.charge(1 + element.comparisonCost(with: candidate))
            if candidate == element { return true }
        }
        return false
    }
}

extension Value {
    /// What comparing the two costs at most.
    func comparisonCost(with other: Value) -> Int {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            return min(left.utf8.count, right.utf8.count) >> 4
        case (.bytes(let left), .bytes(let right)):
            return min(left.count, right.count) >> 4
        case (.list(let left), .list(let right)) where left.count == right.count:
            return zip(left, right).reduce(left.count) { $0 + $1.0.comparisonCost(with: $1.1) }
        case (.map(let left), .map(let right)) where left.count == right.count:
            return left.entries.reduce(left.count) {
                $0 + $1.key.comparisonCost(with: $1.key) + $1.value.comparisonCost(with: $1.value)
            }
        case (.optional(let left?), .optional(let right?)):
            return left.comparisonCost(with: right)
        default:
            return 0
        }
    }
}
