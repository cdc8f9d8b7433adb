/// Notices that files have changed, by looking at them from time to time.
///
/// A change counts once the files have stayed the same between two looks: who writes a certificate and then its key, or a
/// file in pieces, is given the time to finish. Who never stops writing is not waited for without end.
public struct FileWatch: Sendable {
    public enum Finding: Sendable, Equatable {
        case unchanged
        /// Something is being changed; look again soon.
        case changing
        /// Something has changed since this was last found, or since the beginning.
        case changed
    }

    /// Looks at changing files before they are taken as they are.
    private static let patience = 10

    private var stamp: FileStamp
    /// Looks since a change was first seen; nil if there was none.
    private var looks: Int?

    /// Looks at the files for the first time.
    public init(_ paths: some Sequence<String>) {
        stamp = FileStamp(paths)
    }

    /// Watches these files from now on, and no others. Those that it knows keep the version that was seen.
    public mutating func watch(_ paths: some Sequence<String>) {
        stamp.cover(paths)
    }

    /// Blocks for as long as the file systems need.
    public mutating func look() -> Finding {
        let now = stamp.renewed()
        let isSame = now == stamp
        stamp = now
        switch looks {
        case nil where isSame:
            return .unchanged
        case let seen? where isSame || seen >= FileWatch.patience:
            looks = nil
            return .changed
        case let seen:
            looks = (seen ?? 0) + 1
            return .changing
        }
    }
}
