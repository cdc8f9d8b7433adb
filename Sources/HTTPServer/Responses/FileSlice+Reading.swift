import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension FileSlice {
    /// Appends the slice's bytes. They are expected in the page cache: the calling thread waits for them.
    func read(into buffer: inout ByteBuffer) throws(BodyWriteError) {
        var count = 0
        while count < Int(length) {
            let missing = Int(length) - count
            var result = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { bytes in
                result = pread(file.descriptor, bytes.baseAddress, missing, off_t(offset) + off_t(count))
                return max(result, 0)
            }
            if result > 0 {
                count += result
            } else if result == 0 {
                throw .fileTooShort
            } else if errno != EINTR {
                throw .fileUnreadable(errno: errno)
            }
        }
    }
}
