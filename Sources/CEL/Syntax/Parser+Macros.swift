/// Macros are recognised by name and number of arguments; what they do not recognise is an ordinary call.
extension Parser {
    func expandMacro(
        _ name: String, target: Expression?, arguments: [Expression], at offset: Int
    ) throws(SyntaxError) -> Expression? {
        guard let target else {
            return name == "has" && arguments.count == 1 ? try presenceTest(arguments[0]) : nil
        }
        switch (name, arguments.count) {
        case ("bind", 3) where target.identifierName == "cel":
            let variable = try variableName(arguments[0])
            return try node(.binding(name: variable, value: arguments[1], body: arguments[2]), at: offset)
        case ("optMap", 2), ("optFlatMap", 2):
            let variable = try variableName(arguments[0])
            return try node(
                .optionalMap(target, name: variable, body: arguments[1], isFlat: name == "optFlatMap"), at: offset)
        case ("greatest", _) where target.identifierName == "math":
            return try extremum("math.@max", arguments, at: offset)
        case ("least", _) where target.identifierName == "math":
            return try extremum("math.@min", arguments, at: offset)
        default:
            guard let shape = MacroShape(name: name, argumentCount: arguments.count) else { return nil }
            return try comprehension(shape, over: target, arguments: arguments, at: offset)
        }
    }

    private func presenceTest(_ argument: Expression) throws(SyntaxError) -> Expression {
        guard case .select(let operand, let field, .plain, let isQuoted) = argument.form else {
            throw SyntaxError("has() takes a field selection such as has(a.b)", at: argument.offset)
        }
        return try node(.select(operand, field: field, mode: .presence, isQuoted: isQuoted), at: argument.offset)
    }

    private func variableName(_ argument: Expression) throws(SyntaxError) -> String {
        guard let name = argument.identifierName else {
            throw SyntaxError("a macro's variable is a simple name", at: argument.offset)
        }
        return name
    }

    /// One argument or two are a call; more become a list, as the function has no overload for each count.
    private func extremum(_ function: String, _ arguments: [Expression], at offset: Int) throws(SyntaxError)
        -> Expression
    {
        guard !arguments.isEmpty else {
            throw SyntaxError("math.greatest() and math.least() take at least one argument", at: offset)
        }
        for argument in arguments {
            switch argument.form {
            case .literal(.int), .literal(.uint), .literal(.double): continue
            case .list where arguments.count == 1: continue
            case .literal, .list, .map, .message:
                throw SyntaxError("math.greatest() and math.least() take numbers or one list", at: argument.offset)
            default: continue
            }
        }
        guard arguments.count > 2 else {
            return try node(.call(function, isAbsolute: true, arguments: arguments), at: offset)
        }
        let elements = arguments.map { Expression.Element(expression: $0, isOptional: false) }
        let list = try node(.list(elements), at: offset)
        return try node(.call(function, isAbsolute: true, arguments: [list]), at: offset)
    }

    private func comprehension(
        _ shape: MacroShape, over range: Expression, arguments: [Expression], at offset: Int
    ) throws(SyntaxError) -> Expression {
        let first = try variableName(arguments[0])
        let variables: Comprehension.Variables
        if shape.variableCount == 2 {
            let second = try variableName(arguments[1])
            guard first != second else {
                throw SyntaxError("the two variables of a macro have different names", at: arguments[1].offset)
            }
            variables = .two(first, second)
        } else {
            variables = .one(first)
        }
        let rest = arguments[shape.variableCount...]
        let filter: Expression?
        let body: Expression
        if shape.isFilter {
            filter = rest.last
            body = arguments[0]
        } else {
            filter = rest.count == 2 ? rest.first : nil
            body = arguments[arguments.count - 1]
        }
        if shape.kind == .mapEntries {
            guard case .map = body.form else {
                throw SyntaxError("transformMapEntry() ends with a map literal such as {k: v}", at: body.offset)
            }
        }
        return try node(
            .comprehension(
                Comprehension(kind: shape.kind, range: range, variables: variables, filter: filter, body: body)),
            at: offset)
    }
}

/// Which comprehension a macro call is.
private struct MacroShape {
    let kind: Comprehension.Kind
    let variableCount: Int
    let isFilter: Bool

    init?(name: String, argumentCount: Int) {
        let found: (Comprehension.Kind, Int)? =
            switch (name, argumentCount) {
            case ("all", 2): (.all, 1)
            case ("all", 3): (.all, 2)
            case ("exists", 2): (.exists, 1)
            case ("exists", 3): (.exists, 2)
            case ("exists_one", 2), ("existsOne", 2): (.existsOne, 1)
            case ("exists_one", 3), ("existsOne", 3): (.existsOne, 2)
            case ("map", 2), ("map", 3), ("filter", 2): (.list, 1)
            case ("transformList", 3), ("transformList", 4): (.list, 2)
            case ("transformMap", 3), ("transformMap", 4): (.map, 2)
            case ("transformMapEntry", 3), ("transformMapEntry", 4): (.mapEntries, 2)
            case ("sortBy", 2): (.sorted, 1)
            default: nil
            }
        guard let found else { return nil }
        kind = found.0
        variableCount = found.1
        isFilter = name == "filter"
    }
}
