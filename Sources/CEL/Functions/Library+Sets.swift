/// The sets extension: lists taken as sets.
extension Library {
    static let sets: [FunctionDeclaration] = [
        relation("sets.contains") { (left, right, context) throws(CELError) in
            try isSubset(right, of: left, context)
        },
        relation("sets.equivalent") { (left, right, context) throws(CELError) in
            guard try isSubset(right, of: left, context) else { return false }
            return try isSubset(left, of: right, context)
        },
        relation("sets.intersects") { (left, right, context) throws(CELError) in
            for element in left where try right.containsValue(element, context) { return true }
            return false
        },
    ]

    private static func isSubset(
        _ part: [Value], of whole: [Value], _ context: EvaluationContext
    ) throws(CELError) -> Bool {
        for element in part where !(try whole.containsValue(element, context)) { return false }
        return true
    }

    private static func relation(
        _ name: String, _ body: @escaping @Sendable ([Value], [Value], EvaluationContext) throws(CELError) -> Bool
    ) -> FunctionDeclaration {
        FunctionDeclaration(
            name,
            [
                .global(listOfElements, listOfElements, .bool) { (left, right, context) throws(CELError) in
                    .bool(try body(try left.list, try right.list, context))
                }
            ])
    }
}
