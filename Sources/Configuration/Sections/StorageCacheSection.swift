/// `[storage.cache]`: a local folder in front of a bucket.
public struct StorageCacheSection: Sendable, Equatable {
    public var directory: String
    /// Of the files there.
    public var maxSize: DataSize
    /// Of small content in memory.
    public var memorySize: DataSize = .mebibytes(32)
}
