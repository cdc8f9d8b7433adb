/// How the servers are that replicas agree and share by.
public struct CoordinationReport: Sendable, Equatable, Encodable {
    public enum Condition: String, Sendable, Encodable {
        /// Not configured: each replica for itself.
        case none
        case up
        /// It gives no answer: each replica goes on by itself until it does.
        case down
    }

    public var locks: Condition
    public var values: Condition

    public init(locks: Condition, values: Condition) {
        self.locks = locks
        self.values = values
    }
}
