import CFileStatus

/// Which file a path leads to, through all links, and which version of its content that has: differs after a write in
/// place, after another file took the place, and after a link anywhere on the way was turned elsewhere, as Kubernetes does
/// with `..data`.
struct FileVersion: Equatable {
    private let device: UInt64
    private let file: UInt64
    private let size: Int64
    private let modified: Time
    /// Also when permissions change: a file may become readable.
    private let changed: Time

    private struct Time: Equatable {
        let seconds: Int64
        let nanoseconds: Int64
    }

    /// Nil if there is no such file, or it cannot be seen.
    init?(of path: String) {
        var status = entrepot_file_status()
        guard entrepot_status_of_path(path, &status) == 0 else { return nil }
        device = status.device
        file = status.file
        size = status.size
        modified = Time(seconds: status.modified_seconds, nanoseconds: status.modified_nanoseconds)
        changed = Time(seconds: status.changed_seconds, nanoseconds: status.changed_nanoseconds)
    }
}
