#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import NIOConcurrencyHelpers

/// A local folder of one process alone, for content that grows until it is whole.
///
/// A lock that dies with the process holds it. Its number does not tell whether a process lives: in a container of its own each
/// is number 1. So what a killed process left is known by its folder not being locked, and whoever works beside it is safe.
package final class ProcessFolder: Sendable {
    package let path: String
    private let root: String
    /// Open, and locked, as long as the process lives.
    private let lock: OpenFile
    private let counter = NIOLockedValueBox(0)

    private static let most = 1000

    /// Makes a folder below `root` and removes those of processes that are gone.
    package init(below root: String) throws(StorageError) {
        try Self.makeFolders(root)
        Self.sweep(root)
        for number in 0..<Self.most {
            let path = "\(root)/\(getpid())-\(number)"
            guard mkdir(path, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw StorageError(local: "mkdir", path)
            }
            // Another process that starts may have taken it for one that was left.
            guard let lock = try Self.claimed(path) else { continue }
            self.path = path
            self.root = root
            self.lock = lock
            return
        }
        throw StorageError(.io, "\(root) has folders of \(Self.most) processes with this one's number")
    }

    deinit { rmdir(path) }

    /// Whether a process has its folder below `root`.
    package static func isInUse(_ root: String) -> Bool { isInUse(root, besides: nil) }

    /// Whether another process has its folder beside this one.
    package var hasNeighbours: Bool { Self.isInUse(root, besides: path) }

    private static func isInUse(_ root: String, besides own: String?) -> Bool {
        LocalFolder.names(root).contains { name in
            let path = "\(root)/\(name)"
            return path != own && (try? claimed(path)) == nil
        }
    }

    /// A new, empty file, which nobody else has.
    package func makeFile(_ name: String) throws(StorageError) -> (path: String, file: OpenFile) {
        let number = counter.withLockedValue { value in
            value += 1
            return value
        }
        let path = "\(path)/\(name).\(number)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError(local: "open", path) }
        return (path, OpenFile(owning: descriptor))
    }

    private static func makeFolders(_ path: String) throws(StorageError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            throw StorageError(local: "mkdir", path)
        }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw StorageError(local: "mkdir", path) }
    }

    private static func sweep(_ root: String) {
        for name in LocalFolder.names(root) {
            let folder = "\(root)/\(name)"
            guard let lock = try? claimed(folder) else { continue }
            for file in LocalFolder.names(folder) { unlink("\(folder)/\(file)") }
            rmdir(folder)
            _ = lock
        }
    }

    /// Nil if another process has it, or has just removed it.
    private static func claimed(_ folder: String) throws(StorageError) -> OpenFile? {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StorageError(local: "open", folder)
        }
        let file = OpenFile(owning: descriptor)
        if file.claim(as: folder) { return file }
        if errno == EWOULDBLOCK || errno == ESTALE { return nil }
        throw StorageError(local: "flock", folder)
    }
}

extension StorageError {
    /// What the last call of the system says of a file on its way into a store.
    package init(local call: String, _ path: String) {
        let number = errno
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .noSpace
            case EROFS: .readOnly
            case EACCES, EPERM: .permissionDenied
            case EMFILE, ENFILE: .tooManyOpenFiles
            default: .io
            }
        self.init(code, "a content goes through a local file: \(call) \(path): \(String(cString: strerror(number)))")
    }
}
