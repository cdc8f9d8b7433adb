/// `a.f` and `a.?f`.
final class SelectNode: EvaluationNode {
    let operand: any EvaluationNode
    let field: String
    let isOptional: Bool
    let offset: Int

    init(_ operand: any EvaluationNode, field: String, isOptional: Bool, offset: Int) {
        self.operand = operand
        self.field = field
        self.isOptional = isOptional
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try operand.evaluate(context)
        switch value {
        case .map(let map):
            if let found = map[field] { return isOptional ? .optional(found) : found }
            if isOptional { return .optional(nil) }
            throw CELError(.noSuchKey, "no such key: '\(field)'").at(offset)
        case .optional(nil):
            return value
        case .optional(.map(let map)?):
            return .optional(map[field])
        default:
            throw CELError(.noMatchingOverload, "type '\(value.runtimeType.name)' has no fields").at(offset)
        }
    }
}

/// `has(a.f)`.
final class PresenceNode: EvaluationNode {
    let operand: any EvaluationNode
    let field: String
    let offset: Int

    init(_ operand: any EvaluationNode, field: String, offset: Int) {
        self.operand = operand
        self.field = field
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try operand.evaluate(context)
        switch value {
        case .map(let map), .optional(.map(let map)?): return .bool(map[field] != nil)
        case .optional(nil): return .bool(false)
        default:
            throw CELError(.noMatchingOverload, "type '\(value.runtimeType.name)' has no fields").at(offset)
        }
    }
}

/// `a[i]` and `a[?i]`.
final class IndexNode: EvaluationNode {
    let operand: any EvaluationNode
    let index: any EvaluationNode
    let isOptional: Bool
    let offset: Int

    init(_ operand: any EvaluationNode, _ index: any EvaluationNode, isOptional: Bool, offset: Int) {
        self.operand = operand
        self.index = index
        self.isOptional = isOptional
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let operand = try operand.evaluate(context)
        let index = try index.evaluate(context)
        if case .optional(let inner) = operand {
            guard let inner else { return operand }
            return .optional(try element(of: inner, index))
        }
        let found = try element(of: operand, index)
        if isOptional { return .optional(found) }
        if let found { return found }
        switch (operand, index) {
        case (.list, .int(let position)): throw CELError.indexOutOfRange(position).at(offset)
        case (.list, _): throw CELError(.indexOutOfRange, "index out of range").at(offset)
        default: throw CELError(.noSuchKey, "no such key").at(offset)
        }
    }

    private func element(of operand: Value, _ index: Value) throws(CELError) -> Value? {
        switch operand {
        case .list(let elements):
            let position: Int?
            switch index {
            case .int(let value): position = Int(value)
            case .uint(let value): position = Int(exactly: value)
            case .double(let value):
                guard let exact = Int(exactly: value) else {
                    throw CELError(.invalidArgument, "a list's index is a whole number").at(offset)
                }
                position = exact
            default:
                throw CELError.noMatchingOverload("_[_]", operand, index).at(offset)
            }
            return position.flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        case .map(let map):
            return map[index]
        default:
            throw CELError.noMatchingOverload("_[_]", operand, index).at(offset)
        }
    }
}
