extension Library {
    static let splits: [FunctionOverload] = [
        .member(.string, .string, .list(.string)) { (text, separator, context) throws(CELError) in
            try split(text, separator, limit: -1, context)
        },
        .member([.string, .string, .int], .list(.string)) { (arguments, context) throws(CELError) in
            try split(arguments[0], arguments[1], limit: try arguments[2].int, context)
        },
    ]

    static let replacements: [FunctionOverload] = [
        .member([.string, .string, .string], .string) { (arguments, context) throws(CELError) in
            try replace(arguments, limit: -1, context)
        },
        .member([.string, .string, .string, .int], .string) { (arguments, context) throws(CELError) in
            try replace(arguments, limit: try arguments[3].int, context)
        },
    ]

    private static func split(
        _ text: Value, _ separator: Value, limit: Int64, _ context: EvaluationContext
    ) throws(CELError) -> Value {
        let text = try text.string
        let separator = try separator.string
        try context.charge(bytes: text.utf8.count + separator.utf8.count)
        if limit == 0 { return .list([]) }
        let cuts = limit < 0 ? Int.max : Int(clamping: limit - 1)
        if separator.isEmpty {
            // Every code point is a part; the last takes what the limit leaves over.
            let scalars = text.codePoints
            try context.charge(scalars.count)
            let single = min(cuts, max(scalars.count - 1, 0))
            var parts = scalars.prefix(single).map { Value.string(String($0)) }
            if single < scalars.count { parts.append(.string(String(codePoints: scalars[single...]))) }
            return .list(parts)
        }
        let parts = ByteSearch.split(Array(text.utf8), by: Array(separator.utf8), cuts: cuts)
        try context.charge(parts.count)
        return .list(parts.map { .string(String(decoding: $0, as: UTF8.self)) })
    }

    private static func replace(
        _ arguments: [Value], limit: Int64, _ context: EvaluationContext
    ) throws(CELError) -> Value {
        let text = try arguments[0].string
        let old = try arguments[1].string
        let new = try arguments[2].string
        try context.charge(bytes: text.utf8.count + old.utf8.count)
        let count = limit < 0 ? Int.max : Int(clamping: limit)
        guard count > 0 else { return .string(text) }
        let parts: [ArraySlice<UInt8>]
        if old.isEmpty {
            parts = ByteSearch.codePoints(Array(text.utf8), limit: count)
        } else {
            parts = ByteSearch.split(Array(text.utf8), by: Array(old.utf8), cuts: count)
        }
        let (size, overflow) = new.utf8.count.multipliedReportingOverflow(by: parts.count)
        try context.charge(bytes: overflow ? .max / 2 : size)
        return .string(String(decoding: Array(parts.joined(separator: new.utf8)), as: UTF8.self))
    }
}

enum ByteSearch {
    /// The parts of `text` between occurrences of `separator`, cut at most `cuts` times.
    static func split(_ text: [UInt8], by separator: [UInt8], cuts: Int) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var position = 0
        while parts.count < cuts, position + separator.count <= text.count {
            if text[position] == separator[0], text[position..<position + separator.count].elementsEqual(separator) {
                parts.append(text[start..<position])
                position += separator.count
                start = position
            } else {
                position += 1
            }
        }
        parts.append(text[start...])
        return parts
    }

    /// Cuts `text` before and after each code point, at most `limit` times: where an empty string is found in it.
    static func codePoints(_ text: [UInt8], limit: Int) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        for position in 0...text.count where parts.count < limit {
            if position == text.count || text[position] & 0xC0 != 0x80 {
                parts.append(text[start..<position])
                start = position
            }
        }
        parts.append(text[start...])
        return parts
    }
}
