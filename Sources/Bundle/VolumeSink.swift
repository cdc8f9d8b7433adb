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

/// Volumes as they are written. They have their names only when all of them are complete.
final class VolumeSink: ByteSink {
    private let base: String
    /// Bytes; nil for one volume of any size.
    private let size: Int64?
    private var descriptor: CInt = -1
    private var written: Int64 = 0
    private var hasher = DigestHasher(.sha256)
    private var sums: [String] = []
    /// Paths as they will be.
    private var paths: [String] = []

    private static let unfinished = ".unfinished"

    init(_ path: String, volumeSize: Int64?) throws(BundleError) {
        base = path
        size = volumeSize
        try open()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        for path in paths { unlink(path + Self.unfinished) }
    }

    func write(_ bytes: ByteBuffer) throws(BundleError) {
        var rest = bytes
        while rest.readableBytes > 0 {
            if let size, written >= size {
                try closeVolume()
                try open()
            }
            let room = size.map { Int(min($0 - written, Int64(rest.readableBytes))) } ?? rest.readableBytes
            guard let part = rest.readSlice(length: room) else { return }
            hasher.update(part)
            written += Int64(room)
            try writeAll(descriptor, part, paths[paths.count - 1])
        }
    }

    func finish() throws(BundleError) {
        try closeVolume()
        let sumsPath = Volumes.sumsPath(of: paths[0])
        let text = try SumsFile(path: sumsPath + Self.unfinished, sums.joined())
        for path in paths { try rename(path + Self.unfinished, path) }
        try rename(text.path, sumsPath)
        let count = paths.count
        paths = []
        try removeOthers(from: size == nil ? 1 : count + 1)
    }

    /// Takes away what an earlier bundle of that name left, as it would be taken for a part of this one, or for the whole.
    private func removeOthers(from number: Int) throws(BundleError) {
        if size != nil { _ = try remove(base) }
        var number = number
        while try remove(base + Volumes.suffix(number)) { number += 1 }
    }

    /// - Returns: Whether there was such a file.
    private func remove(_ path: String) throws(BundleError) -> Bool {
        if unlink(path) == 0 { return true }
        guard errno == ENOENT || errno == EISDIR else { throw failure("removed", path) }
        return false
    }

    private func open() throws(BundleError) {
        let path = size == nil ? base : base + Volumes.suffix(paths.count + 1)
        descriptor = try createFile(path + Self.unfinished)
        paths.append(path)
        written = 0
        hasher = DigestHasher(.sha256)
    }

    private func closeVolume() throws(BundleError) {
        let path = paths[paths.count - 1]
        guard fsync(descriptor) == 0, close(descriptor) == 0 else { throw failure("written", path) }
        descriptor = -1
        let name = path.split(separator: "/").last ?? ""
        sums.append("\(hasher.digest().hex)  \(name)\n")
    }

    private func rename(_ source: String, _ target: String) throws(BundleError) {
        #if canImport(Glibc)
            let status = Glibc.rename(source, target)
        #elseif canImport(Musl)
            let status = Musl.rename(source, target)
        #else
            let status = Darwin.rename(source, target)
        #endif
        guard status == 0 else { throw failure("given its name", target) }
    }
}

/// An open descriptor, such as standard output, as it is.
final class PipeSink: ByteSink {
    private let descriptor: CInt

    init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    func write(_ bytes: ByteBuffer) throws(BundleError) { try writeAll(descriptor, bytes, "the output") }

    func finish() throws(BundleError) {}
}

/// A small text, written at once.
private struct SumsFile {
    let path: String

    init(path: String, _ text: String) throws(BundleError) {
        self.path = path
        let descriptor = try createFile(path)
        defer { close(descriptor) }
        try writeAll(descriptor, ByteBuffer(string: text), path)
        guard fsync(descriptor) == 0 else { throw failure("written", path) }
    }
}

private func createFile(_ path: String) throws(BundleError) -> CInt {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("made", path) }
    return descriptor
}

private func writeAll(_ descriptor: CInt, _ bytes: ByteBuffer, _ name: String) throws(BundleError) {
    var rest = bytes
    while rest.readableBytes > 0 {
        let count = rest.readWithUnsafeReadableBytes { max(0, write(descriptor, $0.baseAddress, $0.count)) }
        if count == 0, errno != EINTR { throw failure("written", name) }
    }
}

private func failure(_ what: String, _ path: String) -> BundleError {
    BundleError(
        .io, "\(path) cannot be \(what): \(String(cString: strerror(errno)))",
        remedy: errno == ENOSPC
            ? "make room, or use --volume-size and several media" : "check the folder and its rights")
}
