extension Checker {
    mutating func type(of comprehension: Comprehension) -> CELType {
        let range = unifier.substitute(type(of: comprehension.range))
        let (key, value) = elements(of: range, at: comprehension.range.offset)
        let variables: [(name: String, type: CELType)]
        switch comprehension.variables {
        case .one(let name):
            // One variable takes a list's elements, but a map's keys.
            variables = [(name, key.isMap ? key.type : value)]
        case .two(let first, let second):
            variables = [(first, key.type), (second, value)]
        }
        return withLocals(variables) { checker in
            if let filter = comprehension.filter { checker.require(filter, .bool, "the condition") }
            return checker.result(comprehension, key: key.type)
        }
    }

    private mutating func result(_ comprehension: Comprehension, key: CELType) -> CELType {
        switch comprehension.kind {
        case .all, .exists, .existsOne:
            require(comprehension.body, .bool, "the condition")
            return .bool
        case .list:
            return .list(type(of: comprehension.body))
        case .map:
            return .map(key, type(of: comprehension.body))
        case .mapEntries:
            return type(of: comprehension.body)
        case .sorted:
            _ = type(of: comprehension.body)
            guard case .one(let name) = comprehension.variables, let element = locals.last(where: { $0.name == name })
            else { return .list(.dyn) }
            return .list(element.type)
        }
    }

    private mutating func elements(of range: CELType, at offset: Int) -> (
        key: (type: CELType, isMap: Bool), value: CELType
    ) {
        switch range {
        case .list(let element): return ((.int, false), element)
        case .map(let key, let value): return ((key, true), value)
        case .nullable(let inner): return elements(of: inner, at: offset)
        case .dyn, .parameter: return ((.dyn, false), .dyn)
        default:
            report("a macro runs over a list or a map, not \(range)", at: offset)
            return ((.dyn, false), .dyn)
        }
    }

    mutating func optionalMap(_ target: Expression, _ name: String, _ body: Expression, isFlat: Bool) -> CELType {
        let targetType = type(of: target)
        let value = unifier.fresh()
        if !accepts(targetType, as: .optional(value)) {
            report("optMap() and optFlatMap() take an optional, not \(shown(targetType))", at: target.offset)
        }
        let element = unifier.substitute(value)
        return withLocals([(name, element)]) { checker in
            guard isFlat else { return .optional(checker.type(of: body)) }
            let result = checker.unifier.fresh()
            checker.require(body, .optional(result), "the result of optFlatMap()")
            return .optional(checker.unifier.substitute(result))
        }
    }
}
