#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// To a file that is followed by another when it has grown: `audit.log`, `audit.log.1` and so on, the last being the oldest.
final class RotatingFileWriter: LineWriter {
    private let path: String
    private let largest: Int
    private let kept: Int

    /// - Parameters:
    ///   - largest: Bytes after which another is begun.
    ///   - kept: Older ones that stay.
    /// - Throws: If the file cannot be written to.
    init(path: String, largest: Int, kept: Int) throws(LineWriterError) {
        self.path = path
        self.largest = largest
        self.kept = kept
        close(try open())
    }

    /// Opened for each batch: whoever moves the file away finds another one begun. Of one that does not fit nothing is left, so
    /// that every line is whole.
    func write(_ bytes: [UInt8]) throws(LineWriterError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_size > 0, Int(status.st_size) + bytes.count > largest { rotate() }
        let descriptor = try open()
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        if let problem = DescriptorWriter.writeAll(bytes, to: descriptor) {
            if size >= 0 { ftruncate(descriptor, size) }
            throw unwritable(problem)
        }
    }

    private func open() throws(LineWriterError) -> CInt {
        let descriptor = systemOpen(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(String(cString: strerror(errno))) }
        return descriptor
    }

    private func unwritable(_ problem: String) -> LineWriterError {
        LineWriterError(description: "\(path) cannot be written to: \(problem)")
    }

    private func rotate() {
        guard kept > 0 else {
            unlink(path)
            return
        }
        for number in stride(from: kept - 1, through: 1, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        rename(path, "\(path).1")
    }
}

private func systemOpen(_ path: String, _ flags: CInt, _ mode: mode_t) -> CInt { open(path, flags, mode) }
