#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Storage

/// Making, listing and removing directories.
enum Directory {
    /// Makes `path` and what is missing above it, down from `root`, which must exist. Nothing is synced.
    static func make(
        _ path: String, below root: String, _ key: ObjectKey?, _ settled: SettledFolders
    ) throws(StorageError) {
        // More than once, as somebody else removes folders in which nothing lies. Not for ever: below a link to what is not
        // there, and in places such as /proc, the parent exists and nothing can be made in it.
        for isLast in [false, false, true] {
            if mkdir(path, 0o755) == 0 {
                // Whatever was known of a folder of that name, this one is new.
                settled.forget(path)
                return
            }
            switch errno {
            case EEXIST: return
            case ENOENT where !isLast && path.utf8.count > root.utf8.count:
                try make(AtomicFile.parent(of: path), below: root, key, settled)
            default: throw StorageError(errno: errno, "mkdir", key)
            }
        }
    }

    /// Syncs what holds the names of `path` and of the folders above it, up to `root`: they are known to outlive a power
    /// loss then, also where somebody else made them, perhaps a moment ago and without a sync.
    static func settle(
        _ path: String, below root: String, _ key: ObjectKey?, _ settled: SettledFolders
    ) throws(StorageError) {
        var path = path
        while path.utf8.count > root.utf8.count, !settled.contains(path) {
            let parent = AtomicFile.parent(of: path)
            try sync(parent, key)
            settled.insert(path)
            path = parent
        }
    }

    static func sync(_ path: String, _ key: ObjectKey?) throws(StorageError) {
        let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw StorageError(errno: errno, "open", key) }
        defer { close(descriptor) }
        guard retrying({ fsync(descriptor) }) == 0 else { throw StorageError(unsynced: errno, "fsync", key) }
    }

    /// Names in `path`, in lexical byte order, without temporary files; empty if there is no such directory.
    static func names(_ path: String, _ key: ObjectKey?) throws(StorageError) -> [String] {
        try names(path, key, most: .max) ?? []
    }

    /// As ``names(_:_:)``; nil if there are more than `most`.
    static func names(_ path: String, _ key: ObjectKey?, most: Int) throws(StorageError) -> [String]? {
        try allNames(path, key, most: most).map { sorted(settled($0)) }
    }

    /// Without temporary files.
    static func settled(_ names: [String]) -> [String] { names.filter { !$0.hasPrefix(AtomicFile.temporaryPrefix) } }

    /// In lexical byte order.
    static func sorted(_ names: [String]) -> [String] {
        // For these it is the order of strings, which is found many times faster.
        if names.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } }) { return names.sorted() }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether there is a file of that name.
    static func exists(_ path: String, in folder: CInt = AT_FDCWD) -> Bool {
        var status = stat()
        return fstatat(folder, path, &status, 0) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Removes a file, or a directory with all that is in it; what is absent is no error.
    static func remove(_ path: String, _ key: ObjectKey?, _ settled: SettledFolders) throws(StorageError) {
        if unlink(path) == 0 || isAbsent { return }
        guard errno == EISDIR || errno == EPERM else { throw StorageError(errno: errno, "unlink", key) }
        for name in try allNames(path, key, most: .max) ?? [] { try remove(path + "/" + name, key, settled) }
        settled.forget(path)
        guard rmdir(path) == 0 || isAbsent else { throw StorageError(errno: errno, "rmdir", key) }
    }

    /// Removes a directory if nothing is in it but what a killed server left.
    static func prune(_ path: String, _ key: ObjectKey?, _ settled: SettledFolders) throws(StorageError) {
        for isLast in [false, true] {
            settled.forget(path)
            if rmdir(path) == 0 || isAbsent { return }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw StorageError(errno: errno, "rmdir", key) }
            let names = try allNames(path, key, most: 64)
            guard !isLast, let names, names.allSatisfy({ AtomicFile.isAbandoned("\(path)/\($0)", name: $0) }) else {
                return
            }
            for name in names { unlink("\(path)/\(name)") }
        }
    }

    /// In no order; nil if there are more than `most`.
    static func allNames(_ path: String, _ key: ObjectKey?, most: Int) throws(StorageError) -> [String]? {
        try withNames(path, key, most: most) { names, _ in names }
    }

    /// Gives `body` the names, as ``allNames(_:_:most:)``, while the folder is open: what is looked at in it then is found
    /// without a walk along the whole path.
    static func withNames<Value>(
        _ path: String, _ key: ObjectKey?, most: Int, _ body: (_ names: [String], _ folder: CInt) -> Value
    ) throws(StorageError) -> Value? {
        guard let directory = opendir(path) else {
            if isAbsent { return body([], AT_FDCWD) }
            throw StorageError(errno: errno, "opendir", key)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw StorageError(errno: errno, "readdir", key) }
                return body(names, dirfd(directory))
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < most else { return nil }
            names.append(name)
        }
    }
}
