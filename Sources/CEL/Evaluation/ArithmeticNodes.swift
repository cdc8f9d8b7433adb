final class NegationNode: EvaluationNode {
    let operand: any EvaluationNode
    let offset: Int

    init(_ operand: any EvaluationNode, offset: Int) {
        self.operand = operand
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let value = try operand.evaluate(context)
        switch value {
        case .int(let number):
            guard number != .min else { throw CELError.overflow("the negated integer").at(offset) }
            return .int(-number)
        case .double(let number): return .double(-number)
        default: throw CELError.noMatchingOverload("-_", value).at(offset)
        }
    }
}

final class ArithmeticNode: EvaluationNode {
    let left: any EvaluationNode
    let right: any EvaluationNode
    let operation: BinaryOperator
    let offset: Int

    init(_ left: any EvaluationNode, _ right: any EvaluationNode, _ operation: BinaryOperator, offset: Int) {
        self.left = left
        self.right = right
        self.operation = operation
        self.offset = offset
    }

    func evaluate(_ context: EvaluationContext) throws(CELError) -> Value {
        let left = try left.evaluate(context)
        let right = try right.evaluate(context)
        do throws(CELError) {
            let result: Value? =
                switch (left, right) {
                case (.int(let left), .int(let right)): .int(try Arithmetic.integers(left, right, operation))
                case (.uint(let left), .uint(let right)): .uint(try Arithmetic.integers(left, right, operation))
                case (.double(let left), .double(let right)):
                    Arithmetic.doubles(left, right, operation).map(Value.double)
                default:
                    switch operation {
                    case .add: try Arithmetic.sum(left, right, context)
                    case .subtract: try Arithmetic.timeDifference(left, right)
                    default: nil
                    }
                }
            guard let result else { throw CELError.noMatchingOverload(operation.rawValue, left, right) }
            return result
        } catch {
            throw error.at(offset)
        }
    }
}

enum Arithmetic {
    @inline(__always)
    static func integers<Integer: FixedWidthInteger>(
        _ left: Integer, _ right: Integer, _ operation: BinaryOperator
    ) throws(CELError) -> Integer {
        let (result, overflow): (Integer, Bool)
        switch operation {
        case .add: (result, overflow) = left.addingReportingOverflow(right)
        case .subtract: (result, overflow) = left.subtractingReportingOverflow(right)
        case .multiply: (result, overflow) = left.multipliedReportingOverflow(by: right)
        default:
            guard right != 0 else { throw CELError(.divisionByZero, "division by zero") }
            (result, overflow) =
                operation == .divide
                ? left.dividedReportingOverflow(by: right) : left.remainderReportingOverflow(dividingBy: right)
        }
        guard !overflow else { throw CELError.overflow("the integer result") }
        return result
    }

    static func doubles(_ left: Double, _ right: Double, _ operation: BinaryOperator) -> Double? {
        switch operation {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        default: nil
        }
    }

    /// `+` beyond numbers; nil where there is no overload.
    static func sum(_ left: Value, _ right: Value, _ context: EvaluationContext) throws(CELError) -> Value? {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try context.charge(bytes: left.utf8.count + right.utf8.count)
            return .string(left + right)
        case (.bytes(let left), .bytes(let right)):
            try context.charge(bytes: left.count + right.count)
            return .bytes(left + right)
        case (.list(let left), .list(let right)):
            try context.charge(1 + left.count + right.count)
            return .list(left + right)
        case (.timestamp(let timestamp), .duration(let duration)), (.duration(let duration), .timestamp(let timestamp)):
            guard let sum = timestamp.adding(duration) else { throw CELError.overflow("the timestamp") }
            return .timestamp(sum)
        case (.duration(let left), .duration(let right)):
            return .duration(CELDuration(nanoseconds: try integers(left.nanoseconds, right.nanoseconds, .add)))
        default:
            return nil
        }
    }

    /// `-` between times; nil where there is no overload.
    static func timeDifference(_ left: Value, _ right: Value) throws(CELError) -> Value? {
        switch (left, right) {
        case (.timestamp(let left), .timestamp(let right)):
            guard let distance = left.distance(from: right) else { throw CELError.overflow("the duration") }
            return .duration(distance)
        case (.timestamp(let timestamp), .duration(let duration)):
            // The most negative duration has no opposite, and no timestamp is that close to the range's end.
            guard duration.nanoseconds != .min,
                let result = timestamp.adding(CELDuration(nanoseconds: -duration.nanoseconds))
            else { throw CELError.overflow("the timestamp") }
            return .timestamp(result)
        case (.duration(let left), .duration(let right)):
            return .duration(CELDuration(nanoseconds: try integers(left.nanoseconds, right.nanoseconds, .subtract)))
        default:
            return nil
        }
    }
}
