import HTTPServer
import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An unlinked file with pseudo-random letters.
final class TemporaryFile: DescriptorHolder {
    let descriptor: CInt
    let text: String

    init(count: Int) throws {
        var path = Array("/tmp/edge-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "mkstemp") }
        unlink(path)
        // A block of a prime length, repeated: millions of letters drawn one by one keep all tests beside this waiting.
        var generator = SplitMix(state: 1)
        let block = (0..<min(count, 4093)).map { _ in UInt8(97 + generator.next() % 26) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes.append(contentsOf: block.prefix(count - bytes.count)) }
        text = String(decoding: bytes, as: UTF8.self)
        guard write(descriptor, bytes, count) == count else { throw IOError(errnoCode: errno, reason: "write") }
    }

    deinit { close(descriptor) }

    func truncate(to count: Int) { ftruncate(descriptor, off_t(count)) }

    var all: FileSlice { FileSlice(file: self, offset: 0, length: Int64(text.utf8.count)) }

    func slice(_ offset: Int, _ length: Int) -> FileSlice {
        FileSlice(file: self, offset: Int64(offset), length: Int64(length))
    }

    func expected(_ offset: Int, _ length: Int) -> String {
        String(decoding: text.utf8.dropFirst(offset).prefix(length), as: UTF8.self)
    }
}
