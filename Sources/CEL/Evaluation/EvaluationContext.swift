/// What one evaluation has at hand: variables, macro variables and what is left of its cost.
public final class EvaluationContext {
    let variables: [Value?]
    var locals: [Value?]
    private(set) var remainingCost: Int
    let regularExpressionBytes: Int

    init(variables: [Value?], localCount: Int, limits: Limits) {
        self.variables = variables
        self.locals = localCount == 0 ? [] : [Value?](repeating: nil, count: localCount)
        self.remainingCost = limits.cost
        self.regularExpressionBytes = limits.regularExpressionBytes
    }

    /// Accounts for `units` of work, about a microsecond for each ten at most.
    ///
    /// - Throws: ``CELError`` when the evaluation has used up its cost.
    @inline(__always)
    public func charge(_ units: Int) throws(CELError) {
        guard units <= remainingCost else {
            remainingCost = 0
            throw CELError(.costLimitExceeded, "the evaluation costs more than its limit")
        }
        remainingCost -= units
    }

    /// Accounts for reading or building `count` bytes.
    @inline(__always)
    func charge(bytes count: Int) throws(CELError) {
        try charge(1 + count >> 4)
    }
}
