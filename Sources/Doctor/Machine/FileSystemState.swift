#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a file system has left.
public struct FileSystemState: Sendable, Equatable {
    public let bytes: Int64
    public let freeBytes: Int64
    /// 0 where files are not counted.
    public let files: Int64
    public let freeFiles: Int64

    /// Fewer bytes are no room to work in.
    public static let leastFree: Int64 = 64 << 20

    public init(bytes: Int64, freeBytes: Int64, files: Int64, freeFiles: Int64) {
        self.bytes = bytes
        self.freeBytes = freeBytes
        self.files = files
        self.freeFiles = freeFiles
    }

    /// Nil if it cannot be asked.
    public init?(at path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        func size(_ blocks: UInt64) -> Int64 {
            Int64(clamping: blocks.multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
        }
        self.init(
            bytes: size(UInt64(status.f_blocks)), freeBytes: size(UInt64(status.f_bavail)),
            files: Int64(clamping: status.f_files), freeFiles: Int64(clamping: status.f_favail))
    }

    /// - Parameters:
    ///   - minFree: `cache.min_free`, in bytes.
    ///   - isBounded: Whether something of the configuration bounds what is kept.
    public func findings(_ area: Finding.Area, _ path: String, minFree: Int64?, isBounded: Bool) -> [Finding] {
        [room(area, path, minFree ?? 0, isBounded), inodes(area, path)].compactMap { $0 }
    }

    private func room(_ area: Finding.Area, _ path: String, _ minFree: Int64, _ isBounded: Bool) -> Finding {
        let left = "\(Self.size(freeBytes)) of \(Self.size(bytes)) are free"
        if freeBytes < Self.leastFree {
            return Finding(
                .failure, area, path, left,
                remedy: "make room, or give the store a larger file system: run 'entrepot prune'")
        }
        if freeBytes < minFree {
            return Finding(
                .warning, area, path, "\(left), fewer than cache.min_free",
                remedy: "see with 'entrepot janitor status' why eviction does not keep up; something else may fill it")
        }
        if !isBounded {
            return Finding(
                freeBytes < bytes / 20 ? .warning : .note, area, path, "\(left), and nothing bounds what is kept",
                remedy: "set cache.max_size or cache.min_free")
        }
        return Finding(.ok, area, path, left)
    }

    private func inodes(_ area: Finding.Area, _ path: String) -> Finding? {
        guard files > 0 else { return nil }
        let left = "\(freeFiles) of \(files) inodes are free"
        let remedy = "make the file system anew with more inodes (mkfs.ext4 -i 8192, or XFS, which has no such limit)"
        if freeFiles < 1000 { return Finding(.failure, area, path, left, remedy: remedy) }
        return Finding(
            freeFiles < files / 50 ? .warning : .ok, area, path, left, remedy: freeFiles < files / 50 ? remedy : nil)
    }

    static func size(_ bytes: Int64) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        let tenths = Int(value * 10)
        return unit == 0 || tenths >= 1000
            ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
