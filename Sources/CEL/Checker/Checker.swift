/// Infers types, and collects everything that cannot be right.
struct Checker {
    let resolver: NameResolver
    let source: SourceText
    var unifier = TypeUnifier()
    var locals: [(name: String, type: CELType)] = []
    private(set) var issues: [CELIssue] = []
    /// Enough to see what is wrong with a hostile source.
    private static let issueLimit = 20

    init(resolver: NameResolver, source: SourceText) {
        self.resolver = resolver
        self.source = source
    }

    /// The type of a whole expression.
    static func check(
        _ expression: Expression, _ resolver: NameResolver, _ source: SourceText, expecting expected: CELType?
    ) throws(CELIssues) -> CELType {
        var checker = Checker(resolver: resolver, source: source)
        let type = checker.type(of: expression)
        if let expected, !checker.accepts(type, as: expected) {
            let found = checker.unifier.substitute(type, unknownAsDyn: true)
            checker.report("the expression is \(found), not \(expected)", at: expression.offset)
        }
        guard checker.issues.isEmpty else { throw CELIssues(checker.issues) }
        return checker.unifier.substitute(type, unknownAsDyn: true)
    }

    mutating func report(_ message: String, at offset: Int) {
        guard issues.count < Self.issueLimit else { return }
        issues.append(CELIssue(message, at: offset, in: source))
    }

    func isLocal(_ name: String) -> Bool {
        locals.contains { $0.name == name }
    }

    /// Whether `type` fits `target`; keeps the bindings when it does.
    mutating func accepts(_ type: CELType, as target: CELType) -> Bool {
        unifier.attempt { $0.assign(type, to: target) }
    }

    mutating func require(_ expression: Expression, _ target: CELType, _ what: String) {
        let type = type(of: expression)
        if !accepts(type, as: target) {
            report("\(what) is \(shown(type)), not \(target)", at: expression.offset)
        }
    }

    func shown(_ type: CELType) -> String {
        unifier.substitute(type, unknownAsDyn: true).description
    }

    mutating func type(of expression: Expression) -> CELType {
        switch expression.form {
        case .literal(let value):
            return value.literalType
        case .identifier(let name, let isAbsolute):
            if !isAbsolute, let local = locals.last(where: { $0.name == name }) { return local.type }
            return reference(expression) ?? undeclared(name, at: expression.offset)
        case .select(let operand, let field, let mode, _):
            return selection(expression, of: operand, field: field, mode: mode)
        case .index(let operand, let index, let isOptional):
            return indexing(operand, index, isOptional: isOptional, at: expression.offset)
        case .call(let name, let isAbsolute, let arguments):
            return call(name, resolver.function(name, isAbsolute: isAbsolute), arguments, at: expression.offset)
        case .memberCall(let target, let name, let arguments):
            if let function = resolver.namespacedFunction(target, name, isLocal: isLocal) {
                return call(function.name, function.overloads, arguments, at: expression.offset)
            }
            return call(name, resolver.memberFunction(name), [target] + arguments, at: expression.offset)
        case .unary(let operation, let operand):
            return operatorCall(operation.rawValue, [operand], at: expression.offset)
        case .binary(let operation, let left, let right):
            return operatorCall(operation.rawValue, [left, right], at: expression.offset)
        case .logical(let operation, let operands):
            for operand in operands {
                require(operand, .bool, operation == .and ? "an operand of '&&'" : "an operand of '||'")
            }
            return .bool
        case .conditional(let condition, let then, let otherwise):
            return conditional(condition, then, otherwise)
        case .list(let elements):
            return list(elements)
        case .map(let entries):
            return map(entries)
        case .comprehension(let comprehension):
            return type(of: comprehension)
        case .binding(let name, let value, let body):
            let valueType = type(of: value)
            return withLocals([(name, valueType)]) { checker in checker.type(of: body) }
        case .optionalMap(let target, let name, let body, let isFlat):
            return optionalMap(target, name, body, isFlat: isFlat)
        case .message(let name):
            report("'\(name)' is not a known message type; protobuf messages are not supported", at: expression.offset)
            return .dyn
        }
    }

    mutating func withLocals<Result>(
        _ variables: [(name: String, type: CELType)], _ body: (inout Checker) -> Result
    ) -> Result {
        locals += variables
        defer { locals.removeLast(variables.count) }
        return body(&self)
    }

    func reference(_ expression: Expression) -> CELType? {
        switch resolver.reference(expression, isLocal: isLocal) {
        case .variable(_, let type): type
        case .type: .type
        case nil: nil
        }
    }

    private mutating func undeclared(_ name: String, at offset: Int) -> CELType {
        report("undeclared reference to '\(name)'", at: offset)
        return .dyn
    }
}

extension Value {
    fileprivate var literalType: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }
}
