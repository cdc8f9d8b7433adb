/// A node of the syntax tree, macros already expanded.
final class Expression: Sendable {
    enum SelectMode {
        case plain
        /// `has(a.b)`.
        case presence
        /// `a.?b`.
        case optional
    }

    struct Element {
        let expression: Expression
        /// `[?a]`: left out when the optional is empty.
        let isOptional: Bool
    }

    struct Entry {
        let key: Expression
        let value: Expression
        /// `{?k: v}`: left out when the optional is empty.
        let isOptional: Bool
    }

    enum Form {
        case literal(Value)
        case identifier(String, isAbsolute: Bool)
        case select(Expression, field: String, mode: SelectMode, isQuoted: Bool)
        case index(Expression, Expression, isOptional: Bool)
        case call(String, isAbsolute: Bool, arguments: [Expression])
        case memberCall(Expression, String, arguments: [Expression])
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case logical(LogicalOperator, [Expression])
        case conditional(Expression, then: Expression, otherwise: Expression)
        case list([Element])
        case map([Entry])
        case comprehension(Comprehension)
        /// `cel.bind(name, value, body)`.
        case binding(name: String, value: Expression, body: Expression)
        /// `target.optMap(name, body)` and `optFlatMap`.
        case optionalMap(Expression, name: String, body: Expression, isFlat: Bool)
        /// `Name{field: value}`, parsed only to be refused by name.
        case message(String)
    }

    let form: Form
    /// UTF-8 offset of what an error should point at.
    let offset: Int
    /// One more than the deepest child's.
    let depth: Int

    init(_ form: Form, at offset: Int) {
        self.form = form
        self.offset = offset
        self.depth = 1 + form.children.reduce(0) { max($0, $1.depth) }
    }
}

extension Expression {
    var identifierName: String? {
        if case .identifier(let name, isAbsolute: false) = form { name } else { nil }
    }

    /// The dotted name this expression may be, and whether it started with a dot.
    var qualifiedName: (name: String, isAbsolute: Bool)? {
        switch form {
        case .identifier(let name, let isAbsolute):
            return (name, isAbsolute)
        case .select(let operand, let field, .plain, isQuoted: false),
            .select(let operand, let field, .presence, false):
            guard let prefix = operand.qualifiedName else { return nil }
            return (prefix.name + "." + field, prefix.isAbsolute)
        default:
            return nil
        }
    }

    /// The first part of ``qualifiedName``.
    var rootName: String? {
        switch form {
        case .identifier(let name, isAbsolute: false): name
        case .select(let operand, _, _, _): operand.rootName
        default: nil
        }
    }
}

extension Expression.Form {
    var children: [Expression] {
        switch self {
        case .literal, .identifier, .message: []
        case .select(let operand, _, _, _): [operand]
        case .index(let operand, let index, _): [operand, index]
        case .call(_, _, let arguments): arguments
        case .memberCall(let target, _, let arguments): [target] + arguments
        case .unary(_, let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .logical(_, let operands): operands
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .list(let elements): elements.map(\.expression)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .comprehension(let comprehension): comprehension.children
        case .binding(_, let value, let body): [value, body]
        case .optionalMap(let target, _, let body, _): [target, body]
        }
    }
}
