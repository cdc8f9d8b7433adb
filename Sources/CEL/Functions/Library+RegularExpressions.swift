/// The regex extension.
extension Library {
    static let regularExpressions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "regex.extract",
            [
                .global(.string, .string, .optional(.string)) { (text, pattern, context) throws(CELError) in
                    .optional(try extract(text, pattern, limit: 1, context).first)
                }
            ]),
        FunctionDeclaration(
            "regex.extractAll",
            [
                .global(.string, .string, .list(.string)) { (text, pattern, context) throws(CELError) in
                    .list(try extract(text, pattern, limit: .max, context))
                }
            ]),
        FunctionDeclaration(
            "regex.replace",
            [
                .global([.string, .string, .string], .string) { (arguments, context) throws(CELError) in
                    try replace(arguments, limit: -1, context)
                },
                .global([.string, .string, .string, .int], .string) { (arguments, context) throws(CELError) in
                    try replace(arguments, limit: try arguments[3].int, context)
                },
            ]),
    ]

    /// Each match, or what its one group captured.
    private static func extract(
        _ text: Value, _ pattern: Value, limit: Int, _ context: EvaluationContext
    ) throws(CELError) -> [Value] {
        let bytes = Array(try text.string.utf8)
        let expression = try RegularExpression(charging: try pattern.string, context)
        guard expression.groupCount <= 1 else {
            throw CELError(.invalidArgument, "the pattern has more than one capturing group")
        }
        try context.charge(bytes: bytes.count * 16)
        return expression.allMatches(in: bytes, limit: limit).compactMap { groups in
            groups[expression.groupCount].map { .string(String(decoding: bytes[$0], as: UTF8.self)) }
        }
    }

    private static func replace(
        _ arguments: [Value], limit: Int64, _ context: EvaluationContext
    ) throws(CELError) -> Value {
        let text = try arguments[0].string
        let bytes = Array(text.utf8)
        let expression = try RegularExpression(charging: try arguments[1].string, context)
        let replacement = try RegexReplacement(try arguments[2].string, groupCount: expression.groupCount)
        guard limit != 0 else { return .string(text) }
        try context.charge(bytes: bytes.count * 16)
        var output: [UInt8] = []
        var end = 0
        for groups in expression.allMatches(in: bytes, limit: limit < 0 ? .max : Int(clamping: limit)) {
            guard let whole = groups[0] else { continue }
            let before = output.count
            output += bytes[end..<whole.lowerBound]
            replacement.append(to: &output, groups: groups, in: bytes)
            try context.charge(bytes: output.count - before)
            end = whole.upperBound
        }
        output += bytes[end...]
        return .string(String(decoding: output, as: UTF8.self))
    }
}

/// What stands in for a match: text, and groups written `\1` to `\9`.
private struct RegexReplacement {
    private enum Part {
        case text([UInt8])
        case group(Int)
    }

    private let parts: [Part]

    init(_ source: String, groupCount: Int) throws(CELError) {
        var parts: [Part] = []
        var bytes = Array(source.utf8)[...]
        while let backslash = bytes.firstIndex(of: UInt8(ascii: "\\")) {
            parts.append(.text(Array(bytes[..<backslash])))
            guard backslash + 1 < bytes.endIndex else {
                throw CELError(.invalidArgument, "the replacement ends with a backslash")
            }
            let next = bytes[backslash + 1]
            if next == UInt8(ascii: "\\") {
                parts.append(.text([next]))
            } else if next.isDigit, Int(next - 0x30) <= groupCount {
                parts.append(.group(Int(next - 0x30)))
            } else {
                throw CELError(.invalidArgument, "the replacement names a group that the pattern does not have")
            }
            bytes = bytes[(backslash + 2)...]
        }
        parts.append(.text(Array(bytes)))
        self.parts = parts
    }

    func append(to output: inout [UInt8], groups: [Range<Int>?], in text: [UInt8]) {
        for part in parts {
            switch part {
            case .text(let bytes): output += bytes
            case .group(let index):
                if index < groups.count, let range = groups[index] { output += text[range] }
            }
        }
    }
}
