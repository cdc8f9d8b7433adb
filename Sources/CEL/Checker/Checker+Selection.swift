extension Checker {
    mutating func selection(
        _ expression: Expression, of operand: Expression, field: String, mode: Expression.SelectMode
    ) -> CELType {
        if mode != .optional, let type = reference(expression) {
            return mode == .presence ? .bool : type
        }
        if let members = siblings(of: operand) {
            let name = operand.qualifiedName?.name ?? ""
            report("'\(name)' has no '\(field)'; it has \(members.joined(separator: ", "))", at: operand.offset)
            return .dyn
        }
        let operandType = unifier.substitute(type(of: operand))
        let fieldType = selected(from: operandType, at: expression.offset)
        switch mode {
        case .plain: return fieldType
        case .presence: return .bool
        case .optional:
            if case .optional = fieldType { return fieldType }
            return .optional(fieldType)
        }
    }

    /// What the name could be followed by where it stands for nothing itself; nil where it does, or begins no other.
    private func siblings(of operand: Expression) -> [String]? {
        guard let name = operand.qualifiedName, let root = operand.rootName, !isLocal(root), reference(operand) == nil
        else { return nil }
        let members = resolver.members(of: name.name)
        return members.isEmpty ? nil : members
    }

    private mutating func selected(from type: CELType, at offset: Int) -> CELType {
        switch type {
        case .map(_, let value): return value
        case .dyn, .parameter: return .dyn
        case .nullable(let inner): return selected(from: inner, at: offset)
        case .optional(let inner): return .optional(selected(from: unifier.substitute(inner), at: offset))
        default:
            report("type '\(type)' has no fields", at: offset)
            return .dyn
        }
    }

    mutating func indexing(
        _ operand: Expression, _ index: Expression, isOptional: Bool, at offset: Int
    ) -> CELType {
        let operandType = unifier.substitute(type(of: operand))
        let indexType = type(of: index)
        let result = element(of: operandType, indexType, at: offset)
        guard isOptional else { return result }
        if case .optional = operandType { return result }
        return .optional(result)
    }

    private mutating func element(of type: CELType, _ index: CELType, at offset: Int) -> CELType {
        switch type {
        case .list(let element):
            if !accepts(index, as: .int) { report("a list's index is int, not \(shown(index))", at: offset) }
            return element
        case .map(let key, let value):
            if !accepts(index, as: key) { report("the map's key is \(shown(key)), not \(shown(index))", at: offset) }
            return value
        case .optional(let inner):
            return .optional(element(of: unifier.substitute(inner), index, at: offset))
        case .nullable(let inner):
            return element(of: inner, index, at: offset)
        case .dyn, .parameter:
            return .dyn
        default:
            report("type '\(type)' cannot be indexed", at: offset)
            return .dyn
        }
    }

    mutating func list(_ elements: [Expression.Element]) -> CELType {
        var joined: CELType?
        for element in elements {
            var elementType = type(of: element.expression)
            if element.isOptional { elementType = unwrapped(elementType, at: element.expression.offset) }
            joined = joined.map { unifier.join($0, elementType) } ?? elementType
        }
        return .list(joined ?? unifier.fresh())
    }

    mutating func map(_ entries: [Expression.Entry]) -> CELType {
        var key: CELType?
        var value: CELType?
        for entry in entries {
            let keyType = type(of: entry.key)
            switch unifier.substitute(keyType) {
            case .int, .uint, .bool, .string, .dyn, .parameter, .nullable: break
            default: report("a map's key is int, uint, bool or string, not \(shown(keyType))", at: entry.key.offset)
            }
            var valueType = type(of: entry.value)
            if entry.isOptional { valueType = unwrapped(valueType, at: entry.value.offset) }
            key = key.map { unifier.join($0, keyType) } ?? keyType
            value = value.map { unifier.join($0, valueType) } ?? valueType
        }
        return .map(key ?? unifier.fresh(), value ?? unifier.fresh())
    }

    private mutating func unwrapped(_ type: CELType, at offset: Int) -> CELType {
        let value = unifier.fresh()
        if !accepts(type, as: .optional(value)) {
            report("an element with '?' is optional, not \(shown(type))", at: offset)
        }
        return unifier.substitute(value)
    }
}
