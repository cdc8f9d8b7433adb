/// Why an evaluation gave no value.
public struct CELError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case noMatchingOverload = "no_matching_overload"
        case noSuchKey = "no_such_key"
        case indexOutOfRange = "index_out_of_range"
        case duplicateKey = "duplicate_key"
        case divisionByZero = "division_by_zero"
        case overflow
        case conversion
        case invalidArgument = "invalid_argument"
        case unboundVariable = "unbound_variable"
        case unboundFunction = "unbound_function"
        case emptyOptional = "empty_optional"
        /// The evaluation used more than ``Limits/cost``. Never absorbed by `&&`, `||` or a macro.
        case costLimitExceeded = "cost_limit_exceeded"
        /// A host function failed.
        case host
    }

    public let code: Code
    public let message: String
    /// UTF-8 offset into the source of the expression that failed, where known.
    public internal(set) var offset: Int?

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        self.offset = nil
    }

    /// Fatal errors end the evaluation whatever surrounds them.
    var isFatal: Bool { code == .costLimitExceeded }

    func at(_ offset: Int) -> CELError {
        guard self.offset == nil else { return self }
        var located = self
        located.offset = offset
        return located
    }
}

extension CELError: CustomStringConvertible {
    public var description: String { "\(code.rawValue): \(message)" }
}

extension CELError {
    static func noMatchingOverload(_ function: String, _ arguments: Value...) -> CELError {
        noMatchingOverload(function, arguments)
    }

    static func noMatchingOverload(_ function: String, _ arguments: [Value]) -> CELError {
        let types = arguments.map { $0.runtimeType.name }.joined(separator: ", ")
        return CELError(.noMatchingOverload, "no overload of '\(function)' takes (\(types))")
    }

    static func overflow(_ what: String) -> CELError {
        CELError(.overflow, "\(what) is out of range")
    }

    static func indexOutOfRange(_ index: Int64) -> CELError {
        CELError(.indexOutOfRange, "index out of range: \(index)")
    }
}
