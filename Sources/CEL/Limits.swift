/// Bounds on what an expression may cost to compile and to evaluate.
public struct Limits: Sendable, Equatable {
    /// Longest accepted source, in UTF-8 bytes.
    public var sourceBytes: Int
    /// Deepest accepted nesting of the syntax tree; parser, checker and evaluator recurse this far at most.
    public var depth: Int
    /// Evaluation steps: one per macro iteration and call, plus one per 16 bytes or one element that is built or scanned.
    public var cost: Int
    /// Longest accepted regular expression, in UTF-8 bytes.
    public var regularExpressionBytes: Int

    public init(
        sourceBytes: Int = 64 * 1024, depth: Int = 100, cost: Int = 1_000_000, regularExpressionBytes: Int = 1024
    ) {
        self.sourceBytes = sourceBytes
        self.depth = depth
        self.cost = cost
        self.regularExpressionBytes = regularExpressionBytes
    }

    /// Memory one compiled regular expression may use, in bytes.
    static let regularExpressionMemory: Int64 = 1 << 20
}
