/// All whom events are told.
public struct Notifications: Sendable {
    private let endpoints: [EventEndpoint]

    /// - Parameter endpoints: Each is run as a service by whoever made it.
    public init(_ endpoints: [EventEndpoint]) { self.endpoints = endpoints }

    /// Whether somebody wants to be told anything.
    public var isEmpty: Bool { endpoints.isEmpty }

    /// To be called before the change is acknowledged to the client: returns when the event will not be lost.
    public func record(_ event: RegistryEvent) async {
        guard let line = EventLine.text(event) else { return }
        for endpoint in endpoints { await endpoint.record(event, line) }
    }

    /// For what changed nothing: nobody waits.
    public func recordLater(_ event: RegistryEvent) {
        guard let line = EventLine.text(event) else { return }
        for endpoint in endpoints { endpoint.recordLater(event, line) }
    }
}
