import NIOConcurrencyHelpers

/// Whether the server should get new work: said by `/readyz`, taken back first when it shuts down.
public final class Readiness: Sendable {
    private let ready = NIOLockedValueBox(true)

    public init() {}

    public var isReady: Bool { ready.withLockedValue { $0 } }

    public func withdraw() { ready.withLockedValue { $0 = false } }
}
