/// What expressions may mention: variables, functions, and the container their names are looked up in first.
public final class CELEnvironment: Sendable {
    public let limits: Limits
    private let layout: VariableLayout
    private let resolver: NameResolver

    /// The standard library and all extensions are always there; `functions` add to them, and win where both apply.
    ///
    /// - Parameter container: A dotted namespace; in `a.b` the name `x` is `a.b.x`, `a.x` or `x`.
    public init(
        variables: [VariableDeclaration] = [], functions: [FunctionDeclaration] = [], container: String = "",
        limits: Limits = Limits()
    ) {
        var table: [String: [FunctionOverload]] = [:]
        for declaration in functions + Library.all {
            table[declaration.name, default: []] += declaration.overloads
        }
        self.limits = limits
        layout = VariableLayout(variables)
        resolver = NameResolver(
            container: container, layout: layout, functions: table,
            types: Library.types)
    }

    /// An activation with no variable bound.
    public func activation() -> Activation {
        Activation(layout: layout)
    }

    /// The place of a declared variable, for binding without a look-up by name.
    public func slot(_ name: String) -> VariableSlot? {
        layout.slots[name].map { VariableSlot(index: $0) }
    }

    /// Parses, checks and plans `source`.
    ///
    /// - Parameter expected: The type that the result must have, or nil for any.
    /// - Throws: ``CELIssues`` with everything found wrong, each with its position.
    public func compile(_ source: String, expecting expected: CELType? = nil) throws(CELIssues) -> Program {
        let text = SourceText(source)
        let expression = try parse(text)
        let type = try Checker.check(expression, resolver, text, expecting: expected)
        return try plan(expression, text, resultType: type)
    }

    /// Parses and plans without checking types: what is wrong shows when it is evaluated.
    public func compileUnchecked(_ source: String) throws(CELIssues) -> Program {
        let text = SourceText(source)
        return try plan(try parse(text), text, resultType: .dyn)
    }

    private func parse(_ source: SourceText) throws(CELIssues) -> Expression {
        do throws(SyntaxError) {
            return try Parser.parse(source, limits: limits)
        } catch {
            throw CELIssues([CELIssue(error.message, at: error.offset, in: source)])
        }
    }

    private func plan(_ expression: Expression, _ source: SourceText, resultType: CELType) throws(CELIssues) -> Program
    {
        var planner = Planner(resolver: resolver, source: source, limits: limits)
        let root = planner.plan(expression)
        guard planner.issues.isEmpty else { throw CELIssues(planner.issues) }
        return Program(
            root: root, localCount: planner.localCount, layout: layout, limits: limits, source: source,
            resultType: resultType, isTotal: expression.isTotal { layout.slots[$0] != nil })
    }
}
