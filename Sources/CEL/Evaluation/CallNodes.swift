final class UnaryCallNode: EvaluationNode {
    let overloads: OverloadSet
    let argument: any EvaluationNode

    init(_ overloads: OverloadSet, _ argument: any EvaluationNode) {
        self.overloads = overloads
        self.argument = argument
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let argument = try argument.evaluate(context)
        do throws(CELError) {
            return try overloads.call(argument, context)
        } catch {
            throw error.at(overloads.offset)
        }
    }
}

final class BinaryCallNode: EvaluationNode {
    let overloads: OverloadSet
    let first: any EvaluationNode
    let second: any EvaluationNode

    init(_ overloads: OverloadSet, _ first: any EvaluationNode, _ second: any EvaluationNode) {
        self.overloads = overloads
        self.first = first
        self.second = second
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let first = try first.evaluate(context)
        let second = try second.evaluate(context)
        do throws(CELError) {
            return try overloads.call(first, second, context)
        } catch {
            throw error.at(overloads.offset)
        }
    }
}

final class VariadicCallNode: EvaluationNode {
    let overloads: OverloadSet
    let arguments: [any EvaluationNode]

    init(_ overloads: OverloadSet, _ arguments: [any EvaluationNode]) {
        self.overloads = overloads
        self.arguments = arguments
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var values: [Value] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.evaluate(context)) }
        do throws(CELError) {
            return try overloads.call(values, context)
        } catch {
            throw error.at(overloads.offset)
        }
    }
}

/// `matches` with a pattern that is known when the program is compiled.
final class MatchesNode: EvaluationNode {
    let text: any EvaluationNode
    let pattern: RegularExpression
    let offset: Int

    init(_ text: any EvaluationNode, _ pattern: RegularExpression, offset: Int) {
        self.text = text
        self.pattern = pattern
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try text.evaluate(context)
        guard case .string(let text) = value else { throw CELError.noMatchingOverload("matches", value).at(offset) }
        try context.charge(bytes: text.utf8.count * 4)
        return .bool(pattern.matches(text))
    }
}

/// `or` and `orValue` of an optional: the alternative is computed only where it is needed.
final class OptionalChoiceNode: EvaluationNode {
    let overloads: OverloadSet
    let value: any EvaluationNode
    let alternative: any EvaluationNode
    let isOptionalResult: Bool

    init(
        _ overloads: OverloadSet, _ value: any EvaluationNode, _ alternative: any EvaluationNode, isOptionalResult: Bool
    ) {
        self.overloads = overloads
        self.value = value
        self.alternative = alternative
        self.isOptionalResult = isOptionalResult
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try value.evaluate(context)
        if case .optional(let inner?) = value { return isOptionalResult ? value : inner }
        let alternative = try alternative.evaluate(context)
        do throws(CELError) {
            return try overloads.call(value, alternative, context)
        } catch {
            throw error.at(overloads.offset)
        }
    }
}

/// `optMap` and `optFlatMap`.
final class OptionalMapNode: EvaluationNode {
    let target: any EvaluationNode
    let slot: Int
    let body: any EvaluationNode
    let isFlat: Bool
    let offset: Int

    init(_ target: any EvaluationNode, slot: Int, body: any EvaluationNode, isFlat: Bool, offset: Int) {
        self.target = target
        self.slot = slot
        self.body = body
        self.isFlat = isFlat
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try target.evaluate(context)
        guard case .optional(let inner) = value else {
            throw CELError.noMatchingOverload(isFlat ? "optFlatMap" : "optMap", value).at(offset)
        }
        guard let inner else { return value }
        context.locals[slot] = inner
        let result = try body.evaluate(context)
        guard isFlat else { return .optional(result) }
        guard case .optional = result else { throw CELError.noMatchingOverload("optFlatMap", value, result).at(offset) }
        return result
    }
}
