#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import Hashing
internal import NIOCore
internal import OCI

/// Volumes, or a pipe, one after the other.
final class VolumeSource: ByteSource {
    private let paths: [String]
    private var number = 0
    private var descriptor: CInt
    private var offset: Int64 = 0
    /// Of each volume that was read to its end.
    private(set) var digests: [Digest] = []
    private var hasher: DigestHasher?

    /// - Parameter hashes: Whether the digests of the volumes are wanted.
    init(_ volumes: Volumes, hashes: Bool) throws(BundleError) {
        paths = volumes.paths
        descriptor = try Self.open(volumes.paths[0])
        hasher = hashes ? DigestHasher(.sha256) : nil
    }

    /// - Parameter descriptor: Stays open.
    init(descriptor: CInt) {
        paths = []
        self.descriptor = dup(descriptor)
        hasher = nil
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var place: String {
        paths.isEmpty ? "byte \(offset) of the input" : "byte \(offset) of \(paths[min(number, paths.count - 1)])"
    }

    func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        while descriptor >= 0 {
            var bytes = ByteBuffer()
            var problem: CInt = 0
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { buffer in
                while true {
                    let count = Self.systemRead(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[..<most]))
                    if count >= 0 { return count }
                    if errno != EINTR {
                        problem = errno
                        return 0
                    }
                }
            }
            guard problem == 0 else {
                throw BundleError(
                    .io, "\(place) cannot be read: \(String(cString: strerror(problem)))",
                    remedy: "look at the medium it lies on")
            }
            if bytes.readableBytes > 0 {
                offset += Int64(bytes.readableBytes)
                hasher?.update(bytes)
                return bytes
            }
            try turn()
        }
        return nil
    }

    func skip(_ count: Int64) throws(BundleError) -> Int64 {
        var left = count
        while left > 0, descriptor >= 0 {
            var status = stat()
            guard hasher == nil, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                while left > 0, let bytes = try read(upTo: Int(min(left, 1 << 20))) {
                    left -= Int64(bytes.readableBytes)
                }
                return count - left
            }
            let rest = min(left, max(0, Int64(status.st_size) - offset))
            guard rest == 0 || lseek(descriptor, off_t(rest), SEEK_CUR) >= 0 else {
                throw BundleError(.io, "\(place) cannot be left out", remedy: "look at the medium it lies on")
            }
            offset += rest
            left -= rest
            if left > 0 { try turn() }
        }
        return count - left
    }

    /// To the next volume, or the end.
    private func turn() throws(BundleError) {
        if let hasher {
            digests.append(hasher.digest())
            self.hasher = DigestHasher(.sha256)
        }
        close(descriptor)
        descriptor = -1
        guard number + 1 < paths.count else { return }
        number += 1
        offset = 0
        descriptor = try Self.open(paths[number])
    }

    private static func open(_ path: String) throws(BundleError) -> CInt {
        #if canImport(Glibc)
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        #elseif canImport(Musl)
            let descriptor = Musl.open(path, O_RDONLY | O_CLOEXEC)
        #else
            let descriptor = Darwin.open(path, O_RDONLY | O_CLOEXEC)
        #endif
        guard descriptor >= 0 else {
            throw BundleError(
                .io, "\(path) cannot be opened: \(String(cString: strerror(errno)))",
                remedy: "check that it is there and may be read")
        }
        #if canImport(Glibc)
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        #endif
        return descriptor
    }

    private static func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
