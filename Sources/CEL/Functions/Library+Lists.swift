/// The lists extension.
extension Library {
    static let lists: [FunctionDeclaration] = [
        FunctionDeclaration(
            "slice",
            [
                .member([listOfElements, .int, .int], listOfElements) { (arguments, context) throws(CELError) in
                    let list = try arguments[0].list
                    let start = try arguments[1].int
                    let end = try arguments[2].int
                    guard start >= 0, start <= end, end <= list.count else {
                        throw CELError(.indexOutOfRange, "invalid slice: start \(start), end \(end)")
                    }
                    try context.charge(Int(end - start))
                    return .list(Array(list[Int(start)..<Int(end)]))
                }
            ]),
        FunctionDeclaration(
            "flatten",
            [
                .member(.list(.list(element)), listOfElements) { (list, context) throws(CELError) in
                    .list(try flattened(try list.list, depth: 1, context))
                },
                .member(listOfElements, .list(.dyn)) { (list, context) throws(CELError) in
                    .list(try flattened(try list.list, depth: 1, context))
                },
                .member(listOfElements, .int, .list(.dyn)) { (list, depth, context) throws(CELError) in
                    let depth = try depth.int
                    guard depth >= 0 else { throw CELError(.invalidArgument, "flatten() takes no negative depth") }
                    return .list(try flattened(try list.list, depth: depth, context))
                },
            ]),
        FunctionDeclaration(
            "reverse",
            [
                .member(listOfElements, listOfElements) { (list, context) throws(CELError) in
                    let list = try list.list
                    try context.charge(list.count)
                    return .list(list.reversed())
                }
            ]),
        FunctionDeclaration(
            "distinct",
            [
                .member(listOfElements, listOfElements) { (list, context) throws(CELError) in
                    var kept: [Value] = []
                    for element in try list.list where !(try kept.containsValue(element, context)) {
                        kept.append(element)
                    }
                    return .list(kept)
                }
            ]),
        FunctionDeclaration(
            "sort",
            [
                .member(listOfElements, listOfElements) { (list, context) throws(CELError) in
                    .list(try ListSort.sorted(try list.list.map { ($0, $0) }, context))
                }
            ]),
        FunctionDeclaration(
            "lists.range",
            [
                .global(.int, .list(.int)) { (count, context) throws(CELError) in
                    let count = max(try count.int, 0)
                    try context.charge(Int(count))
                    return .list((0..<count).map(Value.int))
                }
            ]),
        FunctionDeclaration(
            "first",
            [
                .member(listOfElements, .optional(element)) { (list, _) throws(CELError) in
                    .optional(try list.list.first)
                }
            ]),
        FunctionDeclaration(
            "last",
            [
                .member(listOfElements, .optional(element)) { (list, _) throws(CELError) in
                    .optional(try list.list.last)
                }
            ]),
    ]

    private static func flattened(
        _ list: [Value], depth: Int64, _ context: EvaluationContext
    ) throws(CELError) -> [Value] {
        try context.charge(list.count)
        guard depth > 0 else { return list }
        var flat: [Value] = []
        for element in list {
            if case .list(let inner) = element {
                flat += try flattened(inner, depth: depth - 1, context)
            } else {
                flat.append(element)
            }
        }
        return flat
    }
}

enum ListSort {
    /// The elements in the order of their keys, which are all of one orderable type.
    static func sorted(
        _ keyed: [(key: Value, element: Value)], _ context: EvaluationContext
    ) throws(CELError) -> [Value] {
        guard let first = keyed.first?.key else { return [] }
        let widths = keyed.count.bitWidth - keyed.count.leadingZeroBitCount
        for (key, _) in keyed {
            guard key.runtimeType == first.runtimeType, key.order(first) != nil else {
                throw CELError(.noMatchingOverload, "elements to sort are of one type that has an order")
            }
            try context.charge((1 + key.comparisonCost(with: key)) * widths)
        }
        // The position decides between equal keys, as the standard library does not promise stability.
        return keyed.enumerated().sorted { left, right in
            switch left.element.key.order(right.element.key) {
            case .less: true
            case .equal: left.offset < right.offset
            default: false
            }
        }.map(\.element.element)
    }
}
