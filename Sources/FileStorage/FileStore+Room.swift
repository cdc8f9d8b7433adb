#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension FileStore {
    /// Bytes that the file system below `root` has left for this process; nil if it cannot be asked.
    public static func freeBytes(root: String) -> Int64? {
        var status = statvfs()
        guard statvfs(root, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
}
