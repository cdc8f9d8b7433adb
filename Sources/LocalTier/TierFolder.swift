#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Storage

/// The folder in which the tier keeps its files: `<algorithm>/<two digits>/<hex>.<size>`, and `partial/` for what is not
/// whole yet. One process has it, by a lock that ends with the process.
struct TierFolder: Sendable {
    private let root: String
    /// Open, and locked, as long as the process lives.
    private let lock: OpenFile
    private let counter = NIOLockedValueBox(0)

    private static let partial = "partial"

    /// Makes the folder where it is missing, and removes what was not whole when its last process ended.
    ///
    /// - Throws: `StorageError` if it cannot be used, or another process has it.
    init(_ root: String) throws(StorageError) {
        self.root = root
        try Self.make(root)
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", root) }
        lock = OpenFile(owning: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StorageError(.io, "another process uses \(root); give each its own storage.cache.directory")
        }
        try Self.make("\(root)/\(Self.partial)")
        for name in LocalFolder.names("\(root)/\(Self.partial)") { unlink("\(root)/\(Self.partial)/\(name)") }
        for algorithm in Digest.Algorithm.allCases { try Self.make("\(root)/\(algorithm.rawValue)") }
    }

    /// What was kept by an earlier process, the least recently used first. Whatever else lies there is removed.
    func found() -> [(digest: Digest, size: Int64, used: Int64)] {
        var found: [(digest: Digest, size: Int64, used: Int64)] = []
        for algorithm in Digest.Algorithm.allCases {
            for folder in LocalFolder.names("\(root)/\(algorithm.rawValue)") {
                for name in LocalFolder.names("\(root)/\(algorithm.rawValue)/\(folder)") {
                    let path = "\(root)/\(algorithm.rawValue)/\(folder)/\(name)"
                    var status = stat()
                    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
                    guard parts.count == 2, let digest = Digest(algorithm: algorithm, hex: parts[0]),
                        let size = Int64(parts[1]), lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                        Int64(status.st_size) == size, self.path(digest, size) == path
                    else {
                        unlink(path)
                        continue
                    }
                    found.append((digest, size, Self.modified(status)))
                }
            }
        }
        return found.sorted { $0.used < $1.used }
    }

    /// An open file of exactly that size; nil if there is none.
    func file(_ digest: Digest, size: Int64) -> OpenFile? {
        let descriptor = open(path(digest, size), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let file = OpenFile(owning: descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int64(status.st_size) == size else { return nil }
        return file
    }

    /// Notes on the file itself that it was used, for the next process.
    func touch(_ file: OpenFile) { futimens(file.descriptor, nil) }

    /// A new, empty file; nil if none can be made.
    func makePartial() -> (path: String, file: OpenFile)? {
        let path = partialPath()
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        return (path, OpenFile(owning: descriptor))
    }

    /// Another name for a file that is about to lose its own; nil where the file system has no such, or it is another one.
    func partial(linking other: String) -> String? {
        let path = partialPath()
        return link(other, path) == 0 ? path : nil
    }

    /// Bytes of a regular file; nil if there is none.
    func size(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// Makes a complete file findable; false if that fails, and it is gone.
    func keep(_ partial: String, _ digest: Digest, size: Int64) -> Bool {
        let target = path(digest, size)
        if rename(partial, target) == 0 { return true }
        mkdir("\(root)/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))", 0o700)
        if rename(partial, target) == 0 { return true }
        unlink(partial)
        return false
    }

    func remove(_ digest: Digest, size: Int64) { unlink(path(digest, size)) }

    func remove(partial: String) { unlink(partial) }

    /// Whether something lies on the same file system.
    func shares(diskOf path: String) -> Bool {
        var (here, there) = (stat(), stat())
        return fstat(lock.descriptor, &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev
    }

    /// Bytes that may still be written so that a twentieth of the file system stays free.
    func room() -> Int64 {
        var status = statvfs()
        guard fstatvfs(lock.descriptor, &status) == 0 else { return .max }
        let spare = Int64(clamping: status.f_bavail) - Int64(clamping: status.f_blocks / 20)
        return spare.multipliedReportingOverflow(by: Int64(clamping: status.f_frsize)).partialValue
    }

    private func path(_ digest: Digest, _ size: Int64) -> String {
        "\(root)/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex).\(size)"
    }

    private func partialPath() -> String {
        let number = counter.withLockedValue { value in
            value += 1
            return value
        }
        return "\(root)/\(Self.partial)/\(number)"
    }

    private static func modified(_ status: stat) -> Int64 {
        #if canImport(Darwin)
            Int64(status.st_mtimespec.tv_sec)
        #else
            Int64(status.st_mtim.tv_sec)
        #endif
    }

    private static func make(_ path: String) throws(StorageError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            throw failure("mkdir", path)
        }
        try make(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    private static func failure(_ call: String, _ path: String) -> StorageError {
        let text = String(cString: strerror(errno))
        return StorageError(.io, "\(call) \(path): \(text); correct storage.cache.directory")
    }
}
