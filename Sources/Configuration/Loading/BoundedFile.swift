#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import CFileStatus

/// Whole files, up to a size.
package enum BoundedFile {
    /// - Parameter waits: It may be a pipe, such as a shell's `<(...)`, whose writer is waited for. Else it has to be a regular
    ///   file: one that nobody writes into would hold up a server for ever.
    /// - Throws: for a file over the limit as well, without having read much more than that.
    package static func read(
        _ path: String, limit: DataSize, waits: Bool = false
    ) throws(BoundedFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw .unreadable(errno) }
        defer { close(descriptor) }
        if !waits { try checkIsRegular(descriptor) }
        return try read(descriptor, limit: limit)
    }

    private static func checkIsRegular(_ descriptor: Int32) throws(BoundedFileError) {
        var status = entrepot_file_status()
        guard entrepot_status_of_descriptor(descriptor, &status) == 0 else { throw .unreadable(errno) }
        guard status.is_regular != 0 else {
            throw BoundedFileError(message: "is not a regular file", remedy: "name a file")
        }
    }

    /// What can be read of standard input, which stays open.
    package static func readStandardInput(limit: DataSize) throws(BoundedFileError) -> [UInt8] {
        try read(STDIN_FILENO, limit: limit)
    }

    private static func read(_ descriptor: Int32, limit: DataSize) throws(BoundedFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(errno)
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit.bytes else {
                throw BoundedFileError(message: "is larger than \(limit)", remedy: "name the right file")
            }
        }
    }

    private static let maximumSecret = DataSize.kibibytes(64)

    /// The text of a file without the newlines at its end: editors add one, and no secret ends with one.
    static func secret(_ path: String, waits: Bool = false) throws(BoundedFileError) -> Secret {
        var bytes = try read(path, limit: maximumSecret, waits: waits)
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else { throw BoundedFileError(message: "is empty", remedy: "write the secret into it") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BoundedFileError(message: "is not UTF-8 text", remedy: "write the secret into it as UTF-8")
        }
        return Secret(text)
    }

    /// nil if the path is a regular file, not empty unless that is fine, that this process may read.
    package static func reasonUnreadable(_ path: String, mayBeEmpty: Bool = false) -> String? {
        // Not blocking: a FIFO in the place of a certificate would otherwise hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var status = entrepot_file_status()
        guard entrepot_status_of_descriptor(descriptor, &status) == 0 else { return String(cString: strerror(errno)) }
        guard status.is_regular != 0 else { return "it is not a regular file" }
        return status.size > 0 || mayBeEmpty ? nil : "it is empty"
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

package struct BoundedFileError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package let remedy: String

    package var description: String { "\(message); \(remedy)" }

    static func unreadable(_ error: Int32) -> BoundedFileError {
        BoundedFileError(
            message: "cannot be read: \(String(cString: strerror(error)))",
            remedy: "correct the path or the file's permissions")
    }
}
