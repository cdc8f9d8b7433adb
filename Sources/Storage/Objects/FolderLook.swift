/// Tells whether names were added to a folder or taken from it since it was looked at.
public struct FolderVersion: Hashable, Sendable {
    private let device: UInt64
    private let file: UInt64
    private let seconds: Int64
    private let nanoseconds: Int64

    /// Of a folder that is not there.
    public static let absent = FolderVersion(device: 0, file: 0, seconds: 0, nanoseconds: 0)

    /// - Parameters:
    ///   - seconds: Since 1970, of the last change, with `nanoseconds`.
    public init(device: UInt64, file: UInt64, seconds: Int64, nanoseconds: Int64) {
        self.device = device
        self.file = file
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// All names one level below a prefix, in no order.
public struct FolderLook: Sendable {
    /// Those that hold what was asked for.
    public var holding: [String]
    /// The others.
    public var empty: [String]
    /// As it was before the names were read; nil if a later change might not show.
    public var version: FolderVersion?

    public init(holding: [String], empty: [String], version: FolderVersion?) {
        self.holding = holding
        self.empty = empty
        self.version = version
    }
}
