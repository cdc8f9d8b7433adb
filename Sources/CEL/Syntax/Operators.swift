enum UnaryOperator: String {
    case not = "!_"
    case negate = "-_"
}

enum BinaryOperator: String {
    case add = "_+_"
    case subtract = "_-_"
    case multiply = "_*_"
    case divide = "_/_"
    case remainder = "_%_"
    case equal = "_==_"
    case notEqual = "_!=_"
    case less = "_<_"
    case lessOrEqual = "_<=_"
    case greater = "_>_"
    case greaterOrEqual = "_>=_"
    case `in` = "@in"

    init?(_ token: Token.Kind) {
        switch token {
        case .in: self = .in
        case .symbol(.plus): self = .add
        case .symbol(.minus): self = .subtract
        case .symbol(.star): self = .multiply
        case .symbol(.slash): self = .divide
        case .symbol(.percent): self = .remainder
        case .symbol(.equal): self = .equal
        case .symbol(.notEqual): self = .notEqual
        case .symbol(.less): self = .less
        case .symbol(.lessOrEqual): self = .lessOrEqual
        case .symbol(.greater): self = .greater
        case .symbol(.greaterOrEqual): self = .greaterOrEqual
        default: return nil
        }
    }

    /// Binds tighter the greater it is.
    var precedence: Int {
        switch self {
        case .multiply, .divide, .remainder: 3
        case .add, .subtract: 2
        default: 1
        }
    }
}

enum LogicalOperator: String {
    case and = "_&&_"
    case or = "_||_"
}
