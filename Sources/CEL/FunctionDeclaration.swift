/// A function and its overloads; declarations of one name add up.
public struct FunctionDeclaration: Sendable {
    /// A simple name, or a dotted one such as `math.abs`.
    public let name: String
    public let overloads: [FunctionOverload]

    public init(_ name: String, _ overloads: [FunctionOverload]) {
        self.name = name
        self.overloads = overloads
    }
}
