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
        var matches: [FunctionOverload] = []
        var results: Set<CELType> = []
        for overload in overloads where overload.parameters.count == types.count {
            let result = unifier.probe { unifier in
                unifier.apply(overload, to: types).map { unifier.substitute($0, unknownAsDyn: true) }
            }
            guard let result else { continue }
            matches.append(overload)
            results.insert(result)
        }
        switch matches.count {
        case 0:
            let shownTypes = types.map { shown($0) }.joined(separator: ", ")
            report("no overload of '\(name)' takes (\(shownTypes))", at: offset)
            return .dyn
        case 1:
            return unifier.apply(matches[0], to: types).map { unifier.substitute($0) } ?? .dyn
        default:
            // Which one it is shows when it runs: keep only what all agree on.
            return results.count == 1 ? results.first ?? .dyn : .dyn
        }
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

extension TypeUnifier {
    /// The result of an overload for arguments of some types; nil when it does not take them.
    fileprivate mutating func apply(_ overload: FunctionOverload, to types: [CELType]) -> CELType? {
        let signature = instantiate(overload.parameters + [overload.result])
        for (type, parameter) in zip(types, signature) {
            guard assign(type, to: parameter) else { return nil }
        }
        return signature.last
    }
}
