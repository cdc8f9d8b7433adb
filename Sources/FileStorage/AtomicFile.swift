#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOConcurrencyHelpers
import NIOCore
import Storage

/// Files that appear whole: written beside their place under a name nobody asks for, then renamed.
enum AtomicFile {
    private static let counter = NIOLockedValueBox(UInt64(0))
    /// Tells this process from those before it and those on other machines: in a container each is number 1.
    private static let process = String(UInt64.random(in: .min ... .max), radix: 36)

    /// Left-over temporary files are told by this and may be swept when no server runs.
    static let temporaryPrefix = ".entrepot-"

    /// Whether it is a temporary file that nobody has written to for an hour.
    static func isAbandoned(_ path: String, name: String) -> Bool {
        var status = stat()
        guard name.hasPrefix(temporaryPrefix), stat(path, &status) == 0 else { return false }
        return ObjectInfo(status).modified < Int64(time(nil)) - 3600
    }

    static func write(
        _ bytes: ByteBuffer, to path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders,
        _ durability: Durability
    ) throws(StorageError) {
        try write(bytes, to: path, key, root: root, settled, durability) { (temporary) throws(StorageError) in
            try rename(temporary, to: path, key)
        }
    }

    /// - Returns: False if there is such a file.
    static func write(
        new bytes: ByteBuffer, to path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders,
        _ durability: Durability
    ) throws(StorageError) -> Bool {
        var isNew = true
        try write(bytes, to: path, key, root: root, settled, durability) { (temporary) throws(StorageError) in
            isNew = try link(temporary, as: path, key)
        }
        return isNew
    }

    /// - Parameter show: Gives the whole file its name, or takes it away.
    private static func write(
        _ bytes: ByteBuffer, to path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders,
        _ durability: Durability, _ show: (_ temporary: String) throws(StorageError) -> Void
    ) throws(StorageError) {
        let folder = parent(of: path)
        try Directory.make(folder, below: root, key, settled)
        let (temporary, descriptor) = try temporaryFile(in: folder, root: root, key, settled)
        do throws(StorageError) {
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor, key)
            if durability == .durable { try sync(descriptor, key) }
        } catch {
            unlink(temporary)
            throw error
        }
        do throws(StorageError) {
            try show(temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        if durability == .durable { try settleName(of: path, key, root: root, settled) }
    }

    /// Gives a file another name unless somebody has it, in one step; the first name is gone afterwards.
    ///
    /// - Returns: False if somebody has it.
    private static func link(_ file: String, as path: String, _ key: ObjectKey) throws(StorageError) -> Bool {
        if retrying({ system_link(file, path) }) != 0 {
            switch errno {
            case EEXIST: break
            // A file system on which no file has two names.
            case EPERM, EOPNOTSUPP, ENOSYS, EMLINK:
                guard access(path, F_OK) != 0 else { break }
                try rename(file, to: path, key)
                return true
            default: throw StorageError(errno: errno, "link", key)
            }
            unlink(file)
            return false
        }
        unlink(file)
        return true
    }

    static func temporaryFile(
        in folder: String, root: String, _ key: ObjectKey, _ settled: SettledFolders
    ) throws(StorageError) -> (path: String, descriptor: CInt) {
        let number = counter.withLockedValue { value in
            value += 1
            return value
        }
        let path = "\(folder)/\(temporaryPrefix)\(process)-\(number)"
        for isLast in [false, false, true] {
            let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
            if descriptor >= 0 { return (path, descriptor) }
            // Somebody else removes folders in which nothing lies.
            guard errno == ENOENT, !isLast else { break }
            try Directory.make(folder, below: root, key, settled)
        }
        throw StorageError(errno: errno, "open", key)
    }

    /// - Parameter keepingSource: Whether the file stays where it is if it cannot be moved.
    static func move(
        _ file: String, to path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders,
        _ durability: Durability, keepingSource: Bool = false
    ) throws(StorageError) {
        do throws(StorageError) {
            try Directory.make(parent(of: path), below: root, key, settled)
            if durability == .durable { try syncFile(file, key) }
            try rename(file, to: path, key)
        } catch {
            if !keepingSource { unlink(file) }
            throw error
        }
        if durability == .durable { try settleName(of: path, key, root: root, settled) }
    }

    /// Adds to the end of a file, which must have `offset` bytes. What a failed write left is cut off again.
    static func extend(
        _ path: String, with bytes: ByteBuffer, at offset: Int64, _ key: ObjectKey
    ) throws(StorageError) {
        let flags = O_WRONLY | O_CLOEXEC | (offset == 0 ? O_CREAT : 0)
        let descriptor = retrying { open(path, flags, 0o644) }
        guard descriptor >= 0 else {
            if isAbsent { throw StorageError(.conflict, "there is nothing to append to", key: key) }
            throw StorageError(errno: errno, "open", key)
        }
        defer { close(descriptor) }
        lock(descriptor)
        // Another server may have made it something else while its lock was waited for.
        guard OpenFile.isNamed(descriptor, path) else {
            throw StorageError(.conflict, "the object was moved meanwhile", key: key)
        }
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw StorageError(errno: errno, "lseek", key) }
        guard size == offset else {
            throw StorageError(.conflict, "the object has \(size) bytes and not \(offset)", key: key)
        }
        do throws(StorageError) {
            try writeAll(bytes, to: descriptor, key)
        } catch {
            ftruncate(descriptor, off_t(offset))
            throw error
        }
    }

    /// Lets nobody else who asks for it append to an open file until it is closed: servers that share a folder have no other order
    /// between them while nobody keeps one for all. Where the file system has no locks there is none.
    static func lock(_ descriptor: CInt) { _ = retrying { flock(descriptor, LOCK_EX) } }

    /// Syncs a file that exists, and every folder on the way to it; false if there is none.
    static func settle(
        _ path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders
    ) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try syncFile(path, key)
        } catch {
            if error.code == .absent { return false }
            throw error
        }
        try settleName(of: path, key, root: root, settled)
        return true
    }

    /// Syncs every folder on the way to a file. All at the end and one after the other: the first has the file system
    /// write what changed in any of them, and the others find nothing left to do.
    static func settleName(
        of path: String, _ key: ObjectKey, root: String, _ settled: SettledFolders
    ) throws(StorageError) {
        let folder = parent(of: path)
        try Directory.settle(folder, below: root, key, settled)
        try Directory.sync(folder, key)
    }

    private static func syncFile(_ path: String, _ key: ObjectKey) throws(StorageError) {
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            if isAbsent { throw StorageError(.absent, "there is no such object", key: key) }
            throw StorageError(errno: errno, "open", key)
        }
        defer { close(descriptor) }
        try sync(descriptor, key)
    }

    static func rename(_ source: String, to path: String, _ key: ObjectKey) throws(StorageError) {
        guard retrying({ system_rename(source, path) }) == 0 else {
            if isAbsent { throw StorageError(.absent, "there is nothing to move", key: key) }
            throw StorageError(errno: errno, "rename", key)
        }
    }

    static func writeAll(_ bytes: ByteBuffer, to descriptor: CInt, _ key: ObjectKey) throws(StorageError) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = rest.readWithUnsafeReadableBytes { buffer in
                let length = min(buffer.count, OpenFile.writeSize)
                return max(0, retrying { system_write(descriptor, buffer.baseAddress, length) })
            }
            guard count > 0 else { throw StorageError(errno: errno, "write", key) }
        }
    }

    static func sync(_ descriptor: CInt, _ key: ObjectKey) throws(StorageError) {
        #if canImport(Darwin)
            let result = retrying { fsync(descriptor) }
        #else
            let result = retrying { fdatasync(descriptor) }
        #endif
        guard result == 0 else { throw StorageError(unsynced: errno, "fdatasync", key) }
    }

    /// The start of a small text file; nil if there is none.
    static func text(_ path: String, _ key: ObjectKey) throws(StorageError) -> String? {
        let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            if isAbsent { return nil }
            throw StorageError(errno: errno, "open", key)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = retrying { read(descriptor, &bytes, bytes.count) }
        guard count >= 0 else { throw StorageError(errno: errno, "read", key) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return String(path[..<slash])
    }
}

// `rename` and `write` are also names of ours.
private func system_rename(_ source: String, _ target: String) -> CInt { rename(source, target) }
private func system_link(_ source: String, _ target: String) -> CInt { link(source, target) }
private func system_write(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
