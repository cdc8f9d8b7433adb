/// The strings extension: positions count code points.
extension Library {
    static let stringExtension: [FunctionDeclaration] = [
        FunctionDeclaration(
            "charAt",
            [
                .member(.string, .int, .string) { (text, index, context) throws(CELError) in
                    let text = try text.codePoints(context)
                    let index = try index.int
                    guard index >= 0, index <= text.count else { throw CELError.indexOutOfRange(index) }
                    return .string(index == text.count ? "" : String(text[Int(index)]))
                }
            ]),
        FunctionDeclaration("indexOf", searches { CodePointSearch.first($0, in: $1, from: $2 ?? 0) }),
        FunctionDeclaration("lastIndexOf", searches { CodePointSearch.last($0, in: $1, upTo: $2 ?? $1.count) }),
        FunctionDeclaration("lowerAscii", [transform { $0.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 } }]),
        FunctionDeclaration("upperAscii", [transform { $0.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 } }]),
        FunctionDeclaration(
            "reverse",
            [
                .member(.string, .string) { (text, context) throws(CELError) in
                    .string(String(codePoints: try text.codePoints(context).reversed()))
                }
            ]),
        FunctionDeclaration(
            "trim",
            [
                .member(.string, .string) { (text, context) throws(CELError) in
                    let text = try text.codePoints(context)
                    guard let first = text.firstIndex(where: { !$0.properties.isWhitespace }),
                        let last = text.lastIndex(where: { !$0.properties.isWhitespace })
                    else { return .string("") }
                    return .string(String(codePoints: text[first...last]))
                }
            ]),
        FunctionDeclaration(
            "substring",
            [
                .member(.string, .int, .string) { (text, start, context) throws(CELError) in
                    let text = try text.codePoints(context)
                    return .string(try substring(text, try start.int, Int64(text.count)))
                },
                .member([.string, .int, .int], .string) { (arguments, context) throws(CELError) in
                    let text = try arguments[0].codePoints(context)
                    return .string(try substring(text, try arguments[1].int, try arguments[2].int))
                },
            ]),
        FunctionDeclaration(
            "join",
            [
                .member(.list(.string), .string) { (list, context) throws(CELError) in
                    try join(list, separator: "", context)
                },
                .member(.list(.string), .string, .string) { (list, separator, context) throws(CELError) in
                    try join(list, separator: try separator.string, context)
                },
            ]),
        FunctionDeclaration("strings.quote", [.global(.string, .string, quote)]),
        FunctionDeclaration(
            "format",
            [
                .member(.string, .list(.dyn), .string) { (format, arguments, context) throws(CELError) in
                    .string(try StringFormat.format(try format.string, try arguments.list, context))
                }
            ]),
        FunctionDeclaration("replace", replacements),
        FunctionDeclaration("split", splits),
    ]

    private static func transform(_ body: @escaping @Sendable (String.UTF8View) -> [UInt8]) -> FunctionOverload {
        .member(.string, .string) { (text, context) throws(CELError) in
            let text = try text.string
            try context.charge(bytes: text.utf8.count)
            return .string(String(decoding: body(text.utf8), as: UTF8.self))
        }
    }

    private typealias Search = @Sendable (_ part: [Unicode.Scalar], _ text: [Unicode.Scalar], _ at: Int?) -> Int?

    private static func searches(_ search: @escaping Search) -> [FunctionOverload] {
        [
            .member(.string, .string, .int) { (text, part, context) throws(CELError) in
                let text = try text.codePoints(context)
                let part = try part.codePoints(context)
                try context.charge(text.count * part.count >> 4)
                return .int(Int64(search(part, text, nil) ?? -1))
            },
            .member([.string, .string, .int], .int) { (arguments, context) throws(CELError) in
                let text = try arguments[0].codePoints(context)
                let part = try arguments[1].codePoints(context)
                let position = try arguments[2].int
                guard position >= 0, position <= text.count else { throw CELError.indexOutOfRange(position) }
                try context.charge(text.count * part.count >> 4)
                return .int(Int64(search(part, text, Int(position)) ?? -1))
            },
        ]
    }

    private static func substring(_ text: [Unicode.Scalar], _ start: Int64, _ end: Int64) throws(CELError) -> String {
        guard start >= 0, start <= text.count else { throw CELError.indexOutOfRange(start) }
        guard end >= 0, end <= text.count else { throw CELError.indexOutOfRange(end) }
        guard start <= end else {
            throw CELError(.indexOutOfRange, "invalid substring range: start \(start), end \(end)")
        }
        return String(codePoints: text[Int(start)..<Int(end)])
    }

    private static func join(
        _ list: Value, separator: String, _ context: EvaluationContext
    ) throws(CELError) -> Value {
        var joined = ""
        for (index, element) in try list.list.enumerated() {
            let text = try element.string
            try context.charge(bytes: text.utf8.count + separator.utf8.count)
            if index > 0 { joined += separator }
            joined += text
        }
        return .string(joined)
    }

    private static let quote: FunctionOverload.Unary = { (text, context) throws(CELError) in
        var quoted = String.UnicodeScalarView()
        quoted.append("\"")
        for scalar in try text.codePoints(context) {
            if let escape = escapes[scalar] {
                quoted.append("\\")
                quoted.append(escape)
            } else {
                quoted.append(scalar)
            }
        }
        quoted.append("\"")
        return .string(String(quoted))
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "\u{07}": "a", "\u{08}": "b", "\u{0C}": "f", "\n": "n", "\r": "r", "\t": "t", "\u{0B}": "v", "\\": "\\",
        "\"": "\"",
    ]
}

extension Value {
    func codePoints(_ context: EvaluationContext) throws(CELError) -> [Unicode.Scalar] {
        let text = try string
        try context.charge(bytes: text.utf8.count)
        return text.codePoints
    }
}
