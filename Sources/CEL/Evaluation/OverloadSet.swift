/// The overloads of one function that take one number of arguments.
struct OverloadSet {
    struct Candidate {
        let parameters: [CELType]
        let implementation: FunctionOverload.Implementation
    }

    let name: String
    let candidates: [Candidate]
    let offset: Int
    let isPure: Bool

    init(name: String, _ overloads: [FunctionOverload], argumentCount: Int, offset: Int) {
        let matching = overloads.filter { $0.parameters.count == argumentCount }
        self.name = name
        self.offset = offset
        candidates = matching.map { Candidate(parameters: $0.parameters, implementation: $0.implementation) }
        isPure = matching.allSatisfy(\.isPure)
    }

    func call(_ argument: Value, _ context: EvaluationContext) throws(CELError) -> Value {
        try context.charge(1)
        for candidate in candidates where candidate.parameters[0].admits(argument) {
            return switch candidate.implementation {
            case .unary(let body): try body(argument, context)
            case .variadic(let body): try body([argument], context)
            case .binary, .missing: throw unbound
            }
        }
        throw CELError.noMatchingOverload(name, argument)
    }

    func call(_ first: Value, _ second: Value, _ context: EvaluationContext) throws(CELError) -> Value {
        try context.charge(1)
        for candidate in candidates
        where candidate.parameters[0].admits(first) && candidate.parameters[1].admits(second) {
            return switch candidate.implementation {
            case .binary(let body): try body(first, second, context)
            case .variadic(let body): try body([first, second], context)
            case .unary, .missing: throw unbound
            }
        }
        throw CELError.noMatchingOverload(name, first, second)
    }

    func call(_ arguments: [Value], _ context: EvaluationContext) throws(CELError) -> Value {
        try context.charge(1)
        for candidate in candidates where zip(candidate.parameters, arguments).allSatisfy({ $0.admits($1) }) {
            guard case .variadic(let body) = candidate.implementation else { throw unbound }
            return try body(arguments, context)
        }
        throw CELError.noMatchingOverload(name, arguments)
    }

    private var unbound: CELError {
        CELError(.unboundFunction, "function '\(name)' is declared but has no implementation")
    }
}

extension CELType {
    /// Whether a value is of this type as far as its runtime type shows.
    @inline(__always)
    func admits(_ value: Value) -> Bool {
        switch (self, value) {
        case (.dyn, _), (.parameter, _): true
        case (.string, .string), (.int, .int), (.bool, .bool), (.list, .list), (.map, .map), (.uint, .uint),
            (.double, .double), (.bytes, .bytes), (.null, .null), (.timestamp, .timestamp), (.duration, .duration),
            (.optional, .optional), (.type, .type), (.nullable, .null):
            true
        case (.nullable(let type), _): type.admits(value)
        case (.opaque(let name), .opaque(let opaque)): opaque.runtimeType.name == name
        default: false
        }
    }
}
