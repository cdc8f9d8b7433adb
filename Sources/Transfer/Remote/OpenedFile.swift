#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

public import Bundle
internal import Hashing
public import NIOCore
public import OCI
internal import RegistryClient
internal import Storage

/// A file of this machine that is pushed.
public struct OpenedFile: Sendable {
    private let file: OpenFile
    /// Bytes.
    public let size: Int64

    /// - Throws: ``BundleError`` where there is no such file.
    public init(_ path: String) throws(BundleError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw BundleError(
                .io, "\(path) cannot be opened: \(String(cString: strerror(errno)))", remedy: "check the path")
        }
        file = OpenFile(owning: descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw BundleError(.refused, "\(path) is no file", remedy: "name a file")
        }
        size = Int64(status.st_size)
    }

    /// Reads all of it. Blocks: for threads that may.
    public func digest() throws(BundleError) -> Digest {
        var hasher = DigestHasher(.sha256)
        while hasher.count < size {
            hasher.update(try bytes(at: hasher.count, count: Int(min(size - hasher.count, 1 << 20))))
        }
        return hasher.digest()
    }

    /// Blocks: for threads that may.
    public func bytes(at start: Int64, count: Int) throws(BundleError) -> ByteBuffer {
        if let bytes = file.bytes(at: start, count: count) { return bytes }
        throw BundleError(.io, "the file changed while it was read", remedy: "begin again when it is at rest")
    }

    func blob(_ digest: Digest, _ size: Int64) -> OutgoingBlob {
        OutgoingBlob(descriptor: file.descriptor, owner: file, digest: digest, size: size)
    }
}
