extension Library {
    private typealias Test = @Sendable (String, String) -> Bool

    static let strings: [FunctionDeclaration] = [
        FunctionDeclaration("contains", [test(isSearch: true) { $0.containsBytes(of: $1) }]),
        FunctionDeclaration("startsWith", [test(isSearch: false) { $0.startsWith($1) }]),
        FunctionDeclaration("endsWith", [test(isSearch: false) { $0.endsWith($1) }]),
        FunctionDeclaration(
            "matches",
            [.global(.string, .string, .bool, matches), .member(.string, .string, .bool, matches)]),
    ]

    private static func test(isSearch: Bool, _ body: @escaping Test) -> FunctionOverload {
        .member(.string, .string, .bool) { (text, part, context) throws(CELError) in
            let text = try text.string
            let part = try part.string
            // A search may compare all of the part at each position of the text.
            let comparisons = isSearch ? text.utf8.count * (1 + part.utf8.count >> 4) : 0
            try context.charge(bytes: part.utf8.count + comparisons)
            return .bool(body(text, part))
        }
    }

    private static let matches: FunctionOverload.Binary = { (text, pattern, context) throws(CELError) in
        let text = try text.string
        let expression = try RegularExpression(charging: try pattern.string, context)
        try context.charge(bytes: text.utf8.count * 4)
        return .bool(expression.matches(text))
    }
}
