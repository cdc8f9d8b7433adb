#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Storage

/// A failed system call.
struct SystemCallError: Error, CustomStringConvertible {
    let call: String
    let number: CInt

    var description: String { "\(call): \(String(cString: strerror(number))) (errno \(number))" }
}

extension StorageError {
    /// The current `errno` as what it means to an operator.
    init(errno number: CInt, _ call: String, _ key: ObjectKey?) {
        let code: Code
        let message: String
        switch number {
        case ENOSPC, EDQUOT:
            code = .noSpace
            message = "no space is left on the file system; free some, or enlarge it"
        case EROFS:
            code = .readOnly
            message = "the file system is mounted read-only; remount it, or move storage.fs.root_dir"
        case EACCES, EPERM:
            code = .permissionDenied
            message = "permission denied; the user that runs the server must own storage.fs.root_dir"
        case EMFILE, ENFILE:
            code = .tooManyOpenFiles
            message = "too many open files; raise the limit (LimitNOFILE, ulimit -n)"
        default:
            code = .io
            message = "the file system failed"
        }
        self.init(code, message, key: key, cause: SystemCallError(call: call, number: number))
    }
}

extension StorageError {
    /// A sync that failed, whatever for: the next one would succeed though the bytes are lost.
    init(unsynced number: CInt, _ call: String, _ key: ObjectKey?) {
        self.init(
            .unsynced, "the file system could not bring to the disk what was written; look at its log and its device",
            key: key, cause: SystemCallError(call: call, number: number))
    }
}

/// Runs a system call again while a signal interrupts it.
@inline(__always)
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// Whether the last call failed because there is nothing of that name. A symbolic link that leads back to itself leads to nothing.
var isAbsent: Bool { errno == ENOENT || errno == ENOTDIR || errno == ELOOP }
