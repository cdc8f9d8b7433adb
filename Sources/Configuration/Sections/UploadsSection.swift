/// `[uploads]`: content that clients push.
public struct UploadsSection: Sendable, Equatable {
    /// How long an upload session may be idle before it is removed.
    public let expiry: Seconds

    public init(expiry: Seconds = .seconds(24 * 3600)) {
        self.expiry = expiry
    }
}
