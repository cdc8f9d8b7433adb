/// A compiled expression: immutable, and shared by any number of evaluations at once.
public struct Program: Sendable {
    let root: any EvaluationNode
    let localCount: Int
    let layout: VariableLayout
    let limits: Limits
    private let sourceText: SourceText
    /// What the checker found; `dyn` when it was not asked.
    public let resultType: CELType
    /// Whether it plainly gives a value whatever its variables are bound to.
    let isTotal: Bool

    init(
        root: any EvaluationNode, localCount: Int, layout: VariableLayout, limits: Limits, source: SourceText,
        resultType: CELType, isTotal: Bool
    ) {
        self.root = root
        self.localCount = localCount
        self.layout = layout
        self.limits = limits
        self.sourceText = source
        self.resultType = resultType
        self.isTotal = isTotal
    }

    public var source: String { sourceText.text }

    /// Evaluates with the variables of `activation`, which must come from the environment that compiled the program.
    public func evaluate(_ activation: Activation) throws(CELError) -> Value {
        guard activation.layout === layout else {
            throw CELError(.invalidArgument, "the activation belongs to another environment; make one from this one")
        }
        let context = EvaluationContext(variables: activation.values, localCount: localCount, limits: limits)
        return try root.evaluate(context)
    }

    /// Where `error` arose, if it says.
    public func position(of error: CELError) -> SourcePosition? {
        error.offset.map { sourceText.position(at: $0) }
    }
}
