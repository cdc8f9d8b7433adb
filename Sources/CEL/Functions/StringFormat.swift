/// `string.format(list)`: `%[.precision]verb`.
struct StringFormat {
    private static let precisionLimit = 1000

    static func format(_ format: String, _ arguments: [Value], _ context: EvaluationContext) throws(CELError) -> String
    {
        var output = ""
        var remaining = format.unicodeScalars[...]
        var next = 0
        try context.charge(bytes: format.utf8.count)
        while let percent = remaining.firstIndex(of: "%") {
            output.unicodeScalars.append(contentsOf: remaining[..<percent])
            remaining = remaining[percent...].dropFirst()
            if remaining.first == "%" {
                output += "%"
                remaining = remaining.dropFirst()
                continue
            }
            let precision = try self.precision(&remaining)
            guard let verb = remaining.popFirst() else {
                throw CELError(.invalidArgument, "the format ends within a clause")
            }
            guard "sdfexXob".unicodeScalars.contains(verb) else {
                throw CELError(.invalidArgument, "unknown format clause '\(verb)'")
            }
            guard next < arguments.count else { throw CELError.indexOutOfRange(Int64(next)) }
            let text = try clause(verb, precision ?? 6, arguments[next], context)
            next += 1
            try context.charge(bytes: text.utf8.count)
            output += text
        }
        output.unicodeScalars.append(contentsOf: remaining)
        return output
    }

    private static func precision(_ text: inout Substring.UnicodeScalarView) throws(CELError) -> Int? {
        guard text.first == "." else { return nil }
        text = text.dropFirst()
        let digits = text.prefix { ("0"..."9").contains($0) }
        text = text.dropFirst(digits.count)
        guard let precision = Int(String(digits)), precision <= precisionLimit else {
            throw CELError(.invalidArgument, "a format's precision is a number up to \(precisionLimit)")
        }
        return precision
    }

    private static func clause(
        _ verb: Unicode.Scalar, _ precision: Int, _ value: Value, _ context: EvaluationContext
    ) throws(CELError) -> String {
        let text: String? =
            switch (verb, value) {
            case ("s", _): try display(value, context)
            case ("d", .int), ("d", .uint), ("d", .double): try display(value, context)
            case ("f", .int(let number)), ("e", .int(let number)):
                NumberText.rounded(Double(number), precision: precision, scientific: verb == "e")
            case ("f", .uint(let number)), ("e", .uint(let number)):
                NumberText.rounded(Double(number), precision: precision, scientific: verb == "e")
            case ("f", .double(let number)), ("e", .double(let number)):
                NumberText.rounded(number, precision: precision, scientific: verb == "e")
            case ("b", .bool(let bool)): bool ? "1" : "0"
            case ("b", .int(let number)): String(number, radix: 2)
            case ("b", .uint(let number)): String(number, radix: 2)
            case ("o", .int(let number)): String(number, radix: 8)
            case ("o", .uint(let number)): String(number, radix: 8)
            case ("x", .int(let number)), ("X", .int(let number)): String(number, radix: 16, uppercase: verb == "X")
            case ("x", .uint(let number)), ("X", .uint(let number)): String(number, radix: 16, uppercase: verb == "X")
            case ("x", .string(let text)), ("X", .string(let text)): hexadecimal(text.utf8, uppercase: verb == "X")
            case ("x", .bytes(let bytes)), ("X", .bytes(let bytes)): hexadecimal(bytes, uppercase: verb == "X")
            default: nil
            }
        guard let text else {
            throw CELError(.invalidArgument, "the format clause '%\(verb)' does not take \(value.runtimeType.name)")
        }
        return text
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>, uppercase: Bool) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: uppercase) }.joined()
    }

    /// `%s` of any value that has a text.
    private static func display(_ value: Value, _ context: EvaluationContext) throws(CELError) -> String {
        try context.charge(1)
        switch value {
        case .null: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .double(let number): return NumberText.decimal(number)
        case .string(let text): return text
        case .bytes(let bytes): return repaired(bytes)
        case .timestamp(let timestamp): return timestamp.rfc3339
        case .duration(let duration): return duration.text
        case .type(let type): return type.name
        case .list(let elements):
            var parts: [String] = []
            for element in elements { parts.append(try display(element, context)) }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let map):
            var parts: [(key: String, value: String)] = []
            for entry in map.entries {
                parts.append((try display(entry.key, context), try display(entry.value, context)))
            }
            parts.sort { $0.key.byteOrder($1.key) == .less }
            return "{" + parts.map { $0.key + ": " + $0.value }.joined(separator: ", ") + "}"
        case .optional, .opaque:
            throw CELError(.invalidArgument, "the format clause '%s' does not take \(value.runtimeType.name)")
        }
    }

    /// The bytes as text, each run of what is not UTF-8 as one replacement character.
    private static func repaired(_ bytes: [UInt8]) -> String {
        if let valid = String(validating: bytes, as: UTF8.self) { return valid }
        var output = String.UnicodeScalarView()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var wasInvalid = false
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                output.append(scalar)
                wasInvalid = false
            case .error:
                if !wasInvalid { output.append("\u{FFFD}") }
                wasInvalid = true
            case .emptyInput:
                return String(output)
            }
        }
    }
}
