/// Recursive descent for the grammar of the language definition, with precedence climbing for binary operators.
struct Parser {
    let tokens: [Token]
    let depthLimit: Int
    var cursor = 0
    private var nesting = 0

    static func parse(_ source: SourceText, limits: Limits) throws(SyntaxError) -> Expression {
        guard source.bytes.count <= limits.sourceBytes else {
            throw SyntaxError("the expression is longer than \(limits.sourceBytes) bytes", at: 0)
        }
        var parser = Parser(tokens: try Lexer.tokens(of: source), depthLimit: limits.depth)
        let expression = try parser.expression()
        guard parser.current.kind == .end else { throw parser.unexpected("an operator or the end") }
        return expression
    }

    private init(tokens: [Token], depthLimit: Int) {
        self.tokens = tokens
        self.depthLimit = depthLimit
    }

    var current: Token { tokens[cursor] }

    mutating func advance() {
        if cursor < tokens.count - 1 { cursor += 1 }
    }

    mutating func accept(_ symbol: Token.Symbol) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxError) {
        guard accept(symbol) else { throw unexpected("'\(symbol.rawValue)'") }
    }

    func unexpected(_ expected: String) -> SyntaxError {
        SyntaxError("expected \(expected), found \(current.description)", at: current.offset)
    }

    /// Builds a node, refusing trees that the evaluator could not walk.
    func node(_ form: Expression.Form, at offset: Int) throws(SyntaxError) -> Expression {
        let expression = Expression(form, at: offset)
        guard expression.depth <= depthLimit else { throw tooDeep(at: offset) }
        return expression
    }

    private func tooDeep(at offset: Int) -> SyntaxError {
        SyntaxError("the expression nests deeper than \(depthLimit) levels", at: offset)
    }

    /// `Expr`: a conditional, or what is above it in the grammar.
    mutating func expression() throws(SyntaxError) -> Expression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= depthLimit else { throw tooDeep(at: current.offset) }
        let condition = try logical(.or)
        let offset = current.offset
        guard accept(.question) else { return condition }
        let then = try logical(.or)
        try expect(.colon)
        let otherwise = try expression()
        return try node(.conditional(condition, then: then, otherwise: otherwise), at: offset)
    }

    /// A chain of one logical operator is one node, so that its length costs no depth.
    private mutating func logical(_ operation: LogicalOperator) throws(SyntaxError) -> Expression {
        let symbol: Token.Symbol = operation == .or ? .or : .and
        let first = operation == .or ? try logical(.and) : try relation()
        let offset = current.offset
        guard current.kind == .symbol(symbol) else { return first }
        var operands = [first]
        while accept(symbol) {
            operands.append(operation == .or ? try logical(.and) : try relation())
        }
        return try node(.logical(operation, operands), at: offset)
    }

    private mutating func relation(minimum: Int = 1) throws(SyntaxError) -> Expression {
        var left = try unary()
        while let operation = BinaryOperator(current.kind), operation.precedence >= minimum {
            let offset = current.offset
            advance()
            let right = try relation(minimum: operation.precedence + 1)
            left = try node(.binary(operation, left, right), at: offset)
        }
        return left
    }

    /// Signs of one kind in a row cancel out in pairs.
    private mutating func unary() throws(SyntaxError) -> Expression {
        let offset = current.offset
        var count = 0
        if current.kind == .symbol(.not) {
            while accept(.not) { count += 1 }
            let operand = try member()
            return count.isMultiple(of: 2) ? operand : try node(.unary(.not, operand), at: offset)
        }
        while accept(.minus) { count += 1 }
        guard !count.isMultiple(of: 2) else { return try member() }
        if let number = try negativeLiteral(at: offset) { return try member(after: number) }
        return try node(.unary(.negate, try member()), at: offset)
    }

    private mutating func negativeLiteral(at offset: Int) throws(SyntaxError) -> Expression? {
        let value: Value
        switch current.kind {
        case .int(let magnitude):
            guard magnitude <= UInt64(Int64.max) + 1 else {
                throw SyntaxError("integer does not fit 64 bits", at: offset)
            }
            value = .int(Int64(truncatingIfNeeded: 0 &- magnitude))
        case .double(let magnitude):
            value = .double(-magnitude)
        default:
            return nil
        }
        advance()
        return try node(.literal(value), at: offset)
    }
}
