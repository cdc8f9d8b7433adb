#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Storage

/// A file that is held open: an open file keeps its number, and knows when its names come and go. Another file takes its
/// place by taking its name.
struct FileSighting: ObjectSighting {
    private let file: OpenFile
    private let state: State

    private struct State: Equatable {
        let change: FileChange
        let names: UInt64
        /// When the names, or anything else about it, were last changed.
        let seconds: Int64
        let nanoseconds: Int64
    }

    /// Nil where a change might go unnoticed, because there just was one.
    init?(_ file: OpenFile) {
        guard let state = Self.state(of: file), state.change.isSettled else { return nil }
        self.file = file
        self.state = state
    }

    var isCurrent: Bool { Self.state(of: file) == state }

    /// Nil if the file has no name any more.
    private static func state(of file: OpenFile) -> State? {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0, status.st_nlink > 0 else { return nil }
        #if canImport(Darwin)
            let time = status.st_ctimespec
        #else
            let time = status.st_ctim
        #endif
        return State(
            change: FileChange(status), names: UInt64(status.st_nlink), seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec))
    }
}
