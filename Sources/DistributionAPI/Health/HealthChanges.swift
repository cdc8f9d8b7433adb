/// What is another than it was at the last look, so that it is told once.
public struct HealthChanges: Sendable {
    private var last: [String: HealthCheck.Status] = [:]

    public init() {}

    /// Those of `checks` whose status has changed; at the first look, those that are not well.
    public mutating func note(_ checks: [HealthCheck]) -> [HealthCheck] {
        checks.filter { (last.updateValue($0.status, forKey: $0.name) ?? .ok) != $0.status }
    }
}
