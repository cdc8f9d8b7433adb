/// A list literal that is not constant.
final class ListNode: EvaluationNode {
    let elements: [(node: any EvaluationNode, isOptional: Bool)]
    let offset: Int

    init(_ elements: [(node: any EvaluationNode, isOptional: Bool)], offset: Int) {
        self.elements = elements
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        try context.charge(elements.count)
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements {
            let value = try element.node.evaluate(context)
            if element.isOptional {
                if let value = try value.unwrappedElement(at: offset) { values.append(value) }
            } else {
                values.append(value)
            }
        }
        return .list(values)
    }
}

/// A map literal that is not constant.
final class MapNode: EvaluationNode {
    struct Entry {
        let key: any EvaluationNode
        let value: any EvaluationNode
        let isOptional: Bool
    }

    let entries: [Entry]
    let offset: Int

    init(_ entries: [Entry], offset: Int) {
        self.entries = entries
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        try context.charge(entries.count)
        var built: [CELMap.Entry] = []
        built.reserveCapacity(entries.count)
        for entry in entries {
            let key = try entry.key.evaluate(context)
            let value = try entry.value.evaluate(context)
            if entry.isOptional {
                if let value = try value.unwrappedElement(at: offset) {
                    built.append(CELMap.Entry(key: key, value: value))
                }
            } else {
                built.append(CELMap.Entry(key: key, value: value))
            }
        }
        do throws(CELError) {
            return .map(try CELMap(built))
        } catch {
            throw error.at(offset)
        }
    }
}

extension Value {
    fileprivate func unwrappedElement(at offset: Int) throws(CELError) -> Value? {
        guard case .optional(let value) = self else {
            throw CELError(.noMatchingOverload, "an element with '?' is optional, not \(runtimeType.name)").at(offset)
        }
        return value
    }
}
