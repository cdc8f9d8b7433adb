#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

extension OpenFile {
    /// Locks what was opened as `path` for as long as it is open: until the end of the process at the latest.
    ///
    /// - Returns: False if that fails, with the reason in `errno`: `EWOULDBLOCK` if another has locked it, `ESTALE` if the name
    ///   is another file's by now, or nobody's.
    package func claim(as path: String) -> Bool {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        guard Self.isNamed(descriptor, path) else {
            errno = ESTALE
            return false
        }
        return true
    }

    /// Whether the name is still that of the file that is open: a lock is worth nothing once it is another's.
    package static func isNamed(_ descriptor: CInt, _ path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev
    }
}
