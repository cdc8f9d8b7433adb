/// How one thing is that serving depends on.
public struct HealthCheck: Sendable, Equatable {
    public enum Status: String, Sendable, Comparable, CaseIterable {
        case ok
        /// Clients are served, if not in every respect.
        case degraded
        /// Clients are better off elsewhere.
        case failing

        public static func < (left: Status, right: Status) -> Bool {
            let order = allCases
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    /// One word.
    public var name: String
    public var status: Status
    /// What was found, for operators.
    public var message: String

    public init(_ name: String, _ status: Status, _ message: String) {
        self.name = name
        self.status = status
        self.message = message
    }
}
