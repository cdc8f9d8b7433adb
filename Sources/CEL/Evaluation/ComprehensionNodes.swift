/// `all` and `exists`, which absorb errors like `&&` and `||`.
final class QuantifierNode: EvaluationNode {
    let range: ComprehensionRange
    /// The condition's value that decides: false for `all`, true for `exists`.
    let decisive: Bool
    let condition: any EvaluationNode

    init(_ range: ComprehensionRange, decisive: Bool, condition: any EvaluationNode) {
        self.range = range
        self.decisive = decisive
        self.condition = condition
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var failure: CELError?
        var isDecided = false
        try range.forEach(context) { (_, _) throws(CELError) -> Bool in
            do throws(CELError) {
                isDecided = try condition.condition(context, at: range.offset) == decisive
            } catch {
                if error.isFatal { throw error }
                failure = failure ?? error
            }
            return !isDecided
        }
        if isDecided { return .bool(decisive) }
        if let failure { throw failure }
        return .bool(!decisive)
    }
}

/// `exists_one`: errors are not absorbed.
final class ExistsOneNode: EvaluationNode {
    let range: ComprehensionRange
    let condition: any EvaluationNode

    init(_ range: ComprehensionRange, condition: any EvaluationNode) {
        self.range = range
        self.condition = condition
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var count = 0
        try range.forEach(context) { (_, _) throws(CELError) -> Bool in
            if try condition.condition(context, at: range.offset) { count += 1 }
            return true
        }
        return .bool(count == 1)
    }
}

/// `map`, `filter` and `transformList`.
final class TransformListNode: EvaluationNode {
    let range: ComprehensionRange
    let filter: (any EvaluationNode)?
    let body: any EvaluationNode

    init(_ range: ComprehensionRange, filter: (any EvaluationNode)?, body: any EvaluationNode) {
        self.range = range
        self.filter = filter
        self.body = body
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var values: [Value] = []
        try range.forEach(context) { (_, _) throws(CELError) -> Bool in
            if let filter, try !filter.condition(context, at: range.offset) { return true }
            values.append(try body.evaluate(context))
            return true
        }
        return .list(values)
    }
}

/// `transformMap` and `transformMapEntry`.
final class TransformMapNode: EvaluationNode {
    let range: ComprehensionRange
    let filter: (any EvaluationNode)?
    let body: any EvaluationNode
    /// The body is a map whose entries are taken over, rather than a value for the range's key.
    let isEntries: Bool

    init(_ range: ComprehensionRange, filter: (any EvaluationNode)?, body: any EvaluationNode, isEntries: Bool) {
        self.range = range
        self.filter = filter
        self.body = body
        self.isEntries = isEntries
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var entries: [CELMap.Entry] = []
        try range.forEach(context) { (key, _) throws(CELError) -> Bool in
            if let filter, try !filter.condition(context, at: range.offset) { return true }
            let value = try body.evaluate(context)
            if isEntries {
                guard case .map(let map) = value else {
                    throw CELError.noMatchingOverload("transformMapEntry", value).at(range.offset)
                }
                try context.charge(map.count)
                entries += map.entries
            } else {
                entries.append(CELMap.Entry(key: key, value: value))
            }
            return true
        }
        do throws(CELError) {
            return .map(try CELMap(entries))
        } catch {
            throw error.at(range.offset)
        }
    }
}

/// `sortBy`.
final class SortByNode: EvaluationNode {
    let range: ComprehensionRange
    let body: any EvaluationNode

    init(_ range: ComprehensionRange, body: any EvaluationNode) {
        self.range = range
        self.body = body
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        var keyed: [(key: Value, element: Value)] = []
        try range.forEach(context) { (_, element) throws(CELError) -> Bool in
            keyed.append((try body.evaluate(context), element))
            return true
        }
        do throws(CELError) {
            return .list(try ListSort.sorted(keyed, context))
        } catch {
            throw error.at(range.offset)
        }
    }
}

extension EvaluationNode {
    /// The value as a condition.
    @inline(__always)
    func condition(_ context: EvaluationContext, at offset: Int) throws(CELError) -> Bool {
        let value = try evaluate(context)
        guard case .bool(let bool) = value else {
            throw CELError(.noMatchingOverload, "a condition is bool, not \(value.runtimeType.name)").at(offset)
        }
        return bool
    }
}
