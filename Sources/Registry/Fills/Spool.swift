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
public import Storage

/// The local directory where content grows until it is whole and verified.
///
/// Each process has a folder of its own, held by a lock that dies with the process: what a killed server left is known
/// by its folder not being locked, and swept at the next start, while another server on the same directory is safe.
public final class Spool: Sendable {
    public let folder: String
    /// Open, and locked, as long as the process lives.
    private let lock: OpenFile
    /// For tests: files behave as on a full disk beyond so many bytes.
    private let capacity: NIOLockedValueBox<Int64>
    private let counter = NIOLockedValueBox(0)
    private let room: SpoolRoom

    /// Makes this process' folder below `root` and removes those of processes that are gone.
    ///
    /// - Parameter capacity: Bytes of all its files together; beyond them it is as on a full disk.
    public init(root: String, capacity: Int64 = .max) throws(StorageError) {
        room = SpoolRoom(capacity)
        self.capacity = NIOLockedValueBox(.max)
        try Self.makeFolders(root)
        try Self.sweep(root)
        var number = 0
        while true {
            let folder = "\(root)/\(getpid())-\(number)"
            if mkdir(folder, 0o700) == 0 {
                self.folder = folder
                lock = try Self.locked(folder)
                return
            }
            guard errno == EEXIST, number < 1000 else { throw Self.failure("mkdir", folder) }
            number += 1
        }
    }

    /// Whether a process has its folder below `root`.
    public static func isInUse(_ root: String) -> Bool {
        LocalFolder.names(root).contains { (try? locked("\(root)/\($0)")) == nil }
    }

    /// A new, empty file for the content of `digest`.
    func makeFile(_ digest: Digest) throws(StorageError) -> SpoolFile {
        let number = counter.withLockedValue { value in
            value += 1
            return value
        }
        let path = "\(folder)/\(digest.algorithm.rawValue)-\(digest.hex).\(number)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        return SpoolFile(
            path: path, file: OpenFile(owning: descriptor), capacity: capacity.withLockedValue { $0 },
            share: room.share())
    }

    /// From now on new files are as on a disk that is full beyond so many bytes: for tests.
    package func pretendFull(beyond bytes: Int64) { capacity.withLockedValue { $0 = bytes } }

    private static func makeFolders(_ path: String) throws(StorageError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            throw failure("mkdir", path)
        }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    private static func sweep(_ root: String) throws(StorageError) {
        for name in LocalFolder.names(root) {
            let folder = "\(root)/\(name)"
            guard let lock = try? locked(folder) else { continue }
            for file in LocalFolder.names(folder) { unlink("\(folder)/\(file)") }
            rmdir(folder)
            _ = lock
        }
    }

    private static func locked(_ folder: String) throws(StorageError) -> OpenFile {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        let file = OpenFile(owning: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw failure("flock", folder) }
        return file
    }

    static func failure(_ call: String, _ path: String) -> StorageError {
        let number = errno
        let code: StorageError.Code =
            switch number {
            case ENOSPC, EDQUOT: .noSpace
            case EROFS: .readOnly
            case EACCES, EPERM: .permissionDenied
            case EMFILE, ENFILE: .tooManyOpenFiles
            default: .io
            }
        return StorageError(code, "the spool failed: \(call) \(path): \(String(cString: strerror(number)))")
    }
}
