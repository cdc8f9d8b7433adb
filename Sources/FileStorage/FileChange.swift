#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Storage

/// When a file or folder was last changed, and which it is: the same as long as nothing is written to it.
struct FileChange: Equatable {
    private let device: UInt64
    private let file: UInt64
    private let seconds: Int64
    private let nanoseconds: Int64
    private let size: Int64

    /// Of what is at `path`; nil if there is nothing.
    init?(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        device = UInt64(truncatingIfNeeded: status.st_dev)
        file = UInt64(status.st_ino)
        seconds = Int64(time.tv_sec)
        nanoseconds = Int64(time.tv_nsec)
        size = Int64(status.st_size)
    }

    /// As others are told it.
    var version: FolderVersion {
        FolderVersion(device: device, file: file, seconds: seconds, nanoseconds: nanoseconds)
    }

    /// Whether the next change would show another time: file systems count in ticks of the kernel's clock, a few
    /// milliseconds, or in whole seconds.
    var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = (Int64(now.tv_sec) - seconds) * 1_000_000_000 + Int64(now.tv_nsec) - nanoseconds
        return age > (nanoseconds % 1_000_000 == 0 ? 2_000_000_000 : 50_000_000)
    }
}
