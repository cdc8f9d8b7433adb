/// `[observability]`: what the server tells of itself.
public struct ObservabilitySection: Sendable, Equatable {
    /// Where metrics and health are served to everybody who reaches it; nil for nowhere.
    public let listen: ListenAddress?
    /// Nil where requests are not traced.
    public let tracing: TracingSection?

    public init(listen: ListenAddress? = nil, tracing: TracingSection? = nil) {
        self.listen = listen
        self.tracing = tracing
    }
}
