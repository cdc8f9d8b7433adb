extension Checker {
    mutating func operatorCall(_ name: String, _ arguments: [Expression], at offset: Int) -> CELType {
        call(name, OperatorSignatures.overloads[name], arguments, at: offset)
    }

    mutating func call(
        _ name: String, _ overloads: [FunctionOverload]?, _ arguments: [Expression], at offset: Int
    ) -> CELType {
        let types = arguments.map { type(of: $0) }
        guard let overloads else {
            report("undeclared reference to function '\(name)'", at: offset)
            return .dyn
        }
        var matches: [(unifier: TypeUnifier, result: CELType)] = []
        for overload in overloads where overload.parameters.count == types.count {
            var trial = unifier
            let signature = trial.instantiate(overload.parameters + [overload.result])
            var fits = true
            for (type, parameter) in zip(types, signature) where fits {
                fits = trial.assign(type, to: parameter)
            }
            if fits { matches.append((trial, signature[types.count])) }
        }
        guard let first = matches.first else {
            let shownTypes = types.map { shown($0) }.joined(separator: ", ")
            report("no overload of '\(name)' takes (\(shownTypes))", at: offset)
            return .dyn
        }
        if matches.count == 1 {
            unifier = first.unifier
            return unifier.substitute(first.result)
        }
        // Which one it is shows when it runs: keep only what all agree on.
        let results = Set(matches.map { $0.unifier.substitute($0.result, unknownAsDyn: true) })
        return results.count == 1 ? results.first ?? .dyn : .dyn
    }

    mutating func conditional(_ condition: Expression, _ then: Expression, _ otherwise: Expression) -> CELType {
        require(condition, .bool, "the condition")
        let thenType = type(of: then)
        let otherwiseType = type(of: otherwise)
        guard accepts(otherwiseType, as: thenType) else {
            report(
                "the two results differ in type: \(shown(thenType)) and \(shown(otherwiseType)); wrap one in dyn()",
                at: otherwise.offset)
            return .dyn
        }
        return unifier.join(thenType, otherwiseType)
    }
}
