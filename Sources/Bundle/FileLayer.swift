#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import Hashing
internal import NIOCore
public import OCI

/// One file as a layer of an image: a tar file that holds nothing else, compressed with gzip. The same file under the same name is
/// always the same layer. Blocks: for threads that may.
public enum FileLayer {
    private static let pieceSize = 1 << 20

    /// What was written.
    public struct Written: Sendable {
        /// Of the layer as it is sent.
        public let digest: Digest
        /// Bytes.
        public let size: Int64
        /// Of what is in it, as an image's configuration names it.
        public let diffID: Digest
    }

    /// - Parameters:
    ///   - path: The file.
    ///   - name: Under which it lies in the layer; at most 100 bytes, without folders.
    ///   - target: Where the layer is written to.
    public static func write(_ path: String, named name: String, to target: String) throws(BundleError) -> Written {
        guard isFileName(name), name.utf8.count <= 100 else {
            throw BundleError(
                .refused, "'\(name.prefix(100))' is no name that a file in a layer can have",
                remedy: "name it with at most 100 bytes and without slashes")
        }
        let source = try VolumeSource(Volumes(named: path), hashes: false)
        let size = try size(of: path)
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("made", target) }
        defer { close(descriptor) }
        let outer = HashingSink(PipeSink(descriptor: descriptor))
        let inner = HashingSink(try CompressingSink(outer, .gzip))
        try inner.write(TarHeader.make(name, size: size))
        var left = size
        while let piece = try source.read(upTo: pieceSize) {
            left -= Int64(piece.readableBytes)
            guard left >= 0 else { break }
            try inner.write(piece)
        }
        guard left == 0 else {
            throw BundleError(.io, "\(path) changed while it was read", remedy: "push it when it is at rest")
        }
        try inner.write(ByteBuffer(repeating: 0, count: TarHeader.padding(size)))
        try inner.write(TarHeader.end)
        try inner.finish()
        return Written(digest: outer.digest, size: outer.count, diffID: inner.digest)
    }

    /// Writes the one file that a layer holds; of a layer that is no tar file, what it is without its compression.
    ///
    /// - Parameter descriptor: Open for writing.
    /// - Returns: The file's name; nil where the layer has none.
    /// - Throws: `refused` where it holds more than one file.
    public static func unpack(_ path: String, to descriptor: CInt) throws(BundleError) -> String? {
        let sink = PipeSink(descriptor: descriptor)
        guard try Archive.isTar(path) else {
            let source = try Archive.plain(path)
            while let piece = try source.read(upTo: pieceSize) { try sink.write(piece) }
            return nil
        }
        let entries = try TarEntries(Archive.plain(path))
        guard let first = try entries.next(), case .file = first.kind else {
            throw BundleError(.refused, "the layer holds no file", remedy: "pull the image without --unpack")
        }
        while let piece = try entries.read(upTo: pieceSize) { try sink.write(piece) }
        guard try entries.next() == nil else {
            throw BundleError(
                .refused, "the layer holds more than one file", remedy: "pull the image without --unpack")
        }
        return first.path.split(separator: "/").last.map(String.init)
    }

    /// Whether it is a name that a file can have wherever it is written to.
    public static func isFileName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x5C }
    }

    private static func size(of path: String) throws(BundleError) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("opened", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw BundleError(.refused, "\(path) is no file", remedy: "name a file")
        }
        return Int64(status.st_size)
    }

    private static func failure(_ what: String, _ path: String) -> BundleError {
        BundleError(
            .io, "\(path) cannot be \(what): \(String(cString: strerror(errno)))",
            remedy: "check the path and its rights")
    }
}

/// Hashes what goes into a sink.
private final class HashingSink: ByteSink {
    private let sink: any ByteSink
    private var hasher = DigestHasher(.sha256)

    init(_ sink: any ByteSink) { self.sink = sink }

    var digest: Digest { hasher.digest() }
    var count: Int64 { hasher.count }

    func write(_ bytes: ByteBuffer) throws(BundleError) {
        hasher.update(bytes)
        try sink.write(bytes)
    }

    func abandon() { sink.abandon() }

    func finish() throws(BundleError) { try sink.finish() }
}
