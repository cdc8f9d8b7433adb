extension Parser {
    mutating func member() throws(SyntaxError) -> Expression {
        try member(after: try primary())
    }

    /// Selections, calls and indexes that follow `operand`.
    mutating func member(after operand: Expression) throws(SyntaxError) -> Expression {
        var operand = operand
        while true {
            let offset = current.offset
            if accept(.dot) {
                operand = try selection(of: operand, at: offset)
            } else if accept(.leftBracket) {
                let isOptional = accept(.question)
                let index = try expression()
                try expect(.rightBracket)
                operand = try node(.index(operand, index, isOptional: isOptional), at: offset)
            } else if current.kind == .symbol(.leftBrace), let name = operand.qualifiedName {
                operand = try message(name.name, at: operand.offset)
            } else {
                return operand
            }
        }
    }

    private mutating func selection(of operand: Expression, at offset: Int) throws(SyntaxError) -> Expression {
        let isOptional = accept(.question)
        switch current.kind {
        case .quotedIdentifier(let field):
            advance()
            return try node(
                .select(operand, field: field, mode: isOptional ? .optional : .plain, isQuoted: true), at: offset)
        case .identifier(let field):
            advance()
            if !isOptional && accept(.leftParenthesis) {
                let arguments = try callArguments()
                if let expanded = try expandMacro(field, target: operand, arguments: arguments, at: offset) {
                    return expanded
                }
                return try node(.memberCall(operand, field, arguments: arguments), at: offset)
            }
            return try node(
                .select(operand, field: field, mode: isOptional ? .optional : .plain, isQuoted: false), at: offset)
        default:
            throw unexpected("a field or function name")
        }
    }

    private mutating func callArguments() throws(SyntaxError) -> [Expression] {
        var arguments: [Expression] = []
        if accept(.rightParenthesis) { return arguments }
        repeat {
            arguments.append(try expression())
        } while accept(.comma)
        try expect(.rightParenthesis)
        return arguments
    }

    private mutating func primary() throws(SyntaxError) -> Expression {
        let token = current
        switch token.kind {
        case .symbol(.leftParenthesis):
            advance()
            let inner = try expression()
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket):
            return try list()
        case .symbol(.leftBrace):
            return try map()
        case .symbol(.dot):
            advance()
            guard case .identifier(let name) = current.kind else { throw unexpected("a name") }
            return try named(name, isAbsolute: true)
        case .identifier(let name):
            return try named(name, isAbsolute: false)
        default:
            guard let value = try literal(token) else { throw unexpected("an expression") }
            advance()
            return try node(.literal(value), at: token.offset)
        }
    }

    private mutating func named(_ name: String, isAbsolute: Bool) throws(SyntaxError) -> Expression {
        let offset = current.offset
        guard !Self.reservedWords.contains(name) else {
            throw SyntaxError("'\(name)' is a reserved word", at: offset)
        }
        advance()
        guard accept(.leftParenthesis) else {
            return try node(.identifier(name, isAbsolute: isAbsolute), at: offset)
        }
        let arguments = try callArguments()
        if !isAbsolute, let expanded = try expandMacro(name, target: nil, arguments: arguments, at: offset) {
            return expanded
        }
        return try node(.call(name, isAbsolute: isAbsolute, arguments: arguments), at: offset)
    }

    private static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]

    private func literal(_ token: Token) throws(SyntaxError) -> Value? {
        switch token.kind {
        case .int(let magnitude):
            guard let value = Int64(exactly: magnitude) else {
                throw SyntaxError("integer does not fit 64 bits", at: token.offset)
            }
            return .int(value)
        case .uint(let value): return .uint(value)
        case .double(let value): return .double(value)
        case .string(let value): return .string(value)
        case .bytes(let value): return .bytes(value)
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .null: return .null
        default: return nil
        }
    }

    private mutating func list() throws(SyntaxError) -> Expression {
        let offset = current.offset
        advance()
        var elements: [Expression.Element] = []
        while current.kind != .symbol(.rightBracket) {
            let isOptional = accept(.question)
            elements.append(Expression.Element(expression: try expression(), isOptional: isOptional))
            guard accept(.comma) else { break }
        }
        try expect(.rightBracket)
        return try node(.list(elements), at: offset)
    }

    private mutating func map() throws(SyntaxError) -> Expression {
        let offset = current.offset
        advance()
        var entries: [Expression.Entry] = []
        while current.kind != .symbol(.rightBrace) {
            let isOptional = accept(.question)
            let key = try expression()
            try expect(.colon)
            entries.append(Expression.Entry(key: key, value: try expression(), isOptional: isOptional))
            guard accept(.comma) else { break }
        }
        try expect(.rightBrace)
        return try node(.map(entries), at: offset)
    }

    private mutating func message(_ name: String, at offset: Int) throws(SyntaxError) -> Expression {
        advance()
        while current.kind != .symbol(.rightBrace) {
            _ = accept(.question)
            switch current.kind {
            case .identifier, .quotedIdentifier: advance()
            default: throw unexpected("a field name")
            }
            try expect(.colon)
            _ = try expression()
            guard accept(.comma) else { break }
        }
        try expect(.rightBrace)
        return try node(.message(name), at: offset)
    }
}
