extension Expression {
    /// Whether it gives a value whatever the variables are bound to. Says so only of what plainly cannot fail: a call may, and
    /// so may an element or a field of a value.
    func isTotal(_ isVariable: (String) -> Bool) -> Bool {
        switch form {
        case .literal: true
        case .identifier, .select(_, _, .plain, _): qualifiedName.map { isVariable($0.name) } ?? false
        case .unary(.not, let operand): operand.isTotal(isVariable)
        case .binary(.equal, let left, let right), .binary(.notEqual, let left, let right),
            .binary(.in, let left, let right):
            left.isTotal(isVariable) && right.isTotal(isVariable)
        case .logical(_, let operands): operands.allSatisfy { $0.isTotal(isVariable) }
        case .conditional(let condition, let then, let otherwise):
            [condition, then, otherwise].allSatisfy { $0.isTotal(isVariable) }
        case .list(let elements): elements.allSatisfy { !$0.isOptional && $0.expression.isTotal(isVariable) }
        default: false
        }
    }
}
