/// `[limits]`: what clients may ask for.
public struct LimitsSection: Sendable, Equatable {
    /// Requests that wait while as many are being answered as may be.
    public let maxWaiting: Int
    /// How long they wait.
    public let wait: Seconds
    /// `[limits.address]`: of each address.
    public let address: Share
    /// `[limits.identity]`: of each identity.
    public let identity: Share

    public init(
        maxWaiting: Int = 1024, wait: Seconds = .seconds(5), address: Share = Share(), identity: Share = Share()
    ) {
        self.maxWaiting = maxWaiting
        self.wait = wait
        self.address = address
        self.identity = identity
    }

    /// Of one client; nil for as much as it likes.
    public struct Share: Sendable, Equatable {
        public let requestsPerSecond: Int?
        /// At once, after a pause.
        public let requestBurst: Int?
        public let bytesPerSecond: DataSize?
        public let byteBurst: DataSize?

        public init(
            requestsPerSecond: Int? = nil, requestBurst: Int? = nil, bytesPerSecond: DataSize? = nil,
            byteBurst: DataSize? = nil
        ) {
            self.requestsPerSecond = requestsPerSecond
            self.requestBurst = requestBurst
            self.bytesPerSecond = bytesPerSecond
            self.byteBurst = byteBurst
        }
    }
}
