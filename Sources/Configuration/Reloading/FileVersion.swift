#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

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
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = Int(time.tv_sec)
            nanoseconds = Int(time.tv_nsec)
        }
    }

    /// Nil if there is no such file, or it cannot be seen.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        file = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            modified = Time(status.st_mtimespec)
            changed = Time(status.st_ctimespec)
        #else
            modified = Time(status.st_mtim)
            changed = Time(status.st_ctim)
        #endif
    }
}
