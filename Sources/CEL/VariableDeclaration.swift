/// A name that an activation may bind, and the type of its values.
public struct VariableDeclaration: Sendable, Hashable {
    /// A simple or dotted name; the longest dotted name that an expression spells wins.
    public let name: String
    public let type: CELType

    public init(_ name: String, _ type: CELType) {
        self.name = name
        self.type = type
    }
}
