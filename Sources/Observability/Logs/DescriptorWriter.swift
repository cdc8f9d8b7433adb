#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// To an open descriptor.
struct DescriptorWriter: LineWriter {
    let descriptor: CInt

    func write(_ bytes: [UInt8]) throws(LineWriterError) {
        if let problem = Self.writeAll(bytes, to: descriptor) {
            throw LineWriterError(description: "descriptor \(descriptor) cannot be written to: \(problem)")
        }
    }

    /// Waits for a reader that is slow, and gives up where nobody reads any more.
    ///
    /// - Returns: Why it gave up; nil if all was written.
    static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> String? {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = systemWrite(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count >= 0 {
                    offset += count
                } else if errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, 1000)
                } else if errno != EINTR {
                    return String(cString: strerror(errno))
                }
            }
            return nil
        }
    }
}

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
