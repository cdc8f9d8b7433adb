/// What a macro runs over, and the slots it fills on every turn.
struct ComprehensionRange {
    let node: any EvaluationNode
    let firstSlot: Int
    /// Nil for macros with one variable.
    let secondSlot: Int?
    let offset: Int

    /// Calls `body` with each key, or index, while the macro's variables are set; ends early when it returns false.
    @inline(__always)
    func forEach(
        _ context: EvaluationContext, _ body: (_ key: Value, _ element: Value) throws(CELError) -> Bool
    ) throws(CELError) {
        let range = try node.evaluate(context)
        switch range {
        case .list(let elements):
            for (index, element) in elements.enumerated() {
                try context.charge(1)
                let key = Value.int(Int64(index))
                if let secondSlot {
                    context.locals[firstSlot] = key
                    context.locals[secondSlot] = element
                } else {
                    context.locals[firstSlot] = element
                }
                guard try body(key, element) else { return }
            }
        case .map(let map):
            for entry in map.entries {
                try context.charge(1)
                context.locals[firstSlot] = entry.key
                if let secondSlot { context.locals[secondSlot] = entry.value }
                guard try body(entry.key, secondSlot == nil ? entry.key : entry.value) else { return }
            }
        default:
            throw CELError(.noMatchingOverload, "a macro runs over a list or a map, not \(range.runtimeType.name)")
                .at(offset)
        }
    }
}
