/// One signature of a function and what computes it.
public struct FunctionOverload: Sendable {
    public typealias Unary = @Sendable (Value, EvaluationContext) throws(CELError) -> Value
    public typealias Binary = @Sendable (Value, Value, EvaluationContext) throws(CELError) -> Value
    public typealias Variadic = @Sendable ([Value], EvaluationContext) throws(CELError) -> Value

    enum Implementation: Sendable {
        case unary(Unary)
        case binary(Binary)
        case variadic(Variadic)
        case missing
    }

    /// Called as `parameters[0].name(parameters[1]…)` rather than `name(parameters…)`.
    public let isMember: Bool
    /// The receiver of a member function is the first.
    public let parameters: [CELType]
    public let result: CELType
    let implementation: Implementation
    /// The same arguments always give the same result, so that calls with constants are computed once.
    let isPure: Bool

    init(_ parameters: [CELType], _ result: CELType, isMember: Bool, isPure: Bool, _ implementation: Implementation) {
        self.parameters = parameters
        self.result = result
        self.isMember = isMember
        self.isPure = isPure
        self.implementation = implementation
    }

    /// An overload of any number of parameters, computed by the host.
    ///
    /// Implementations get values of the declared kinds and no others; elements of lists and maps are not looked at. They
    /// charge the context for work that grows with its input, and must not block.
    public init(
        _ parameters: [CELType], returning result: CELType, isMember: Bool = false, _ implementation: @escaping Variadic
    ) {
        self.init(parameters, result, isMember: isMember, isPure: false, .variadic(implementation))
    }

    /// A signature for the checker only: calls fail as unbound.
    public init(declaring parameters: [CELType], returning result: CELType, isMember: Bool = false) {
        self.init(parameters, result, isMember: isMember, isPure: false, .missing)
    }
}

extension FunctionOverload {
    static func global(_ parameter: CELType, _ result: CELType, _ body: @escaping Unary) -> FunctionOverload {
        FunctionOverload([parameter], result, isMember: false, isPure: true, .unary(body))
    }

    static func global(
        _ first: CELType, _ second: CELType, _ result: CELType, _ body: @escaping Binary
    ) -> FunctionOverload {
        FunctionOverload([first, second], result, isMember: false, isPure: true, .binary(body))
    }

    static func global(_ parameters: [CELType], _ result: CELType, _ body: @escaping Variadic) -> FunctionOverload {
        FunctionOverload(parameters, result, isMember: false, isPure: true, .variadic(body))
    }

    static func member(_ receiver: CELType, _ result: CELType, _ body: @escaping Unary) -> FunctionOverload {
        FunctionOverload([receiver], result, isMember: true, isPure: true, .unary(body))
    }

    static func member(
        _ receiver: CELType, _ parameter: CELType, _ result: CELType, _ body: @escaping Binary
    ) -> FunctionOverload {
        FunctionOverload([receiver, parameter], result, isMember: true, isPure: true, .binary(body))
    }

    static func member(_ parameters: [CELType], _ result: CELType, _ body: @escaping Variadic) -> FunctionOverload {
        FunctionOverload(parameters, result, isMember: true, isPure: true, .variadic(body))
    }
}
