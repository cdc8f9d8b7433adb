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
internal import Storage

/// Volumes as they are written. They have their names only when all of them are complete.
final class VolumeSink: ByteSink {
    private let base: String
    /// Bytes; nil for one volume of any size.
    private let size: Int64?
    private var descriptor: CInt = -1
    private var written: Int64 = 0
    private var hasher = DigestHasher(.sha256)
    private var sums: [String] = []
    private let sumsPath: String
    /// The file of the digests, locked as long as the bundle is written: who writes another one of this name takes this first.
    private let sumsFile: OpenFile
    /// Paths as they will be.
    private var paths: [String] = []
    private var isOver = false

    private static let unfinished = ".unfinished"

    init(_ path: String, volumeSize: Int64?) throws(BundleError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw BundleError(.io, "\(path) is a folder", remedy: "name a file in it")
        }
        base = path
        size = volumeSize
        sumsPath = Volumes.sumsPath(of: volumeSize == nil ? path : path + Volumes.suffix(1))
        sumsFile = try Self.claim(sumsPath + Self.unfinished, for: path)
        removeUnfinished()
        try open()
    }

    deinit { abandon() }

    func abandon() {
        if isOver { return }
        isOver = true
        if descriptor >= 0 { close(descriptor) }
        for path in paths { unlink(path + Self.unfinished) }
        unlink(sumsPath + Self.unfinished)
    }

    private static func claim(_ path: String, for base: String) throws(BundleError) -> OpenFile {
        // Another may come to its end at this moment, and give the file its name.
        for _ in 0..<100 {
            let file = OpenFile(owning: try createFile(path))
            if file.claim(as: path) {
                guard ftruncate(file.descriptor, 0) == 0 else { throw failure("written", path) }
                return file
            }
            if errno == EWOULDBLOCK { break }
            guard errno == ESTALE else { throw failure("locked", path) }
        }
        throw BundleError(
            .io, "another export writes \(base)", remedy: "wait until it is done, or write to another file")
    }

    /// What exports of this name have left that were cut off.
    private func removeUnfinished() {
        let slash = base.lastIndex(of: "/")
        let folder = slash.map { String(base[...$0]) } ?? "./"
        let name = slash.map { base[base.index(after: $0)...] } ?? base[...]
        for file in LocalFolder.names(folder) where file.hasPrefix(name) && file.hasSuffix(Self.unfinished) {
            let number = file.dropFirst(name.count).dropLast(Self.unfinished.count)
            if number.isEmpty || Volumes.isSuffix(number) { unlink(folder + file) }
        }
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
        try writeAll(sumsFile.descriptor, ByteBuffer(string: sums.joined()), sumsPath)
        guard fsync(sumsFile.descriptor) == 0 else { throw failure("written", sumsPath) }
        for path in paths { try rename(path + Self.unfinished, path) }
        try removeOthers(from: size == nil ? 1 : paths.count + 1)
        // The last, as the next export of this name may begin from then on.
        try rename(sumsPath + Self.unfinished, sumsPath)
        isOver = true
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
        descriptor = try createFile(path + Self.unfinished, O_TRUNC)
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

    func abandon() {}
}

private func createFile(_ path: String, _ flags: CInt = 0) throws(BundleError) -> CInt {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
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
