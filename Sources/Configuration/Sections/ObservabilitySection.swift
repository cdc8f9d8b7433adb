/// `[observability]`: what the server tells of itself.
public struct ObservabilitySection: Sendable, Equatable {
    /// Where metrics and health are served to everybody who reaches it; nil for nowhere.
    public let listen: ListenAddress?

    public init(listen: ListenAddress? = nil) {
        self.listen = listen
    }
}
