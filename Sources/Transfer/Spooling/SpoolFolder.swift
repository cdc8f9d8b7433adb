#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import FoundationEssentials

/// A folder into which files are dropped, with what became of them: `.done/NAME.json` for those that were pushed, and `.failed/NAME`
/// with `.failed/NAME.err` for those that were not. Blocks: for threads that may.
public struct SpoolFolder: Sendable {
    public let path: String
    /// Whether what was pushed is kept in `.done`.
    let keeps: Bool

    /// How a file is told from another of its name, and from itself when somebody still writes to it.
    struct Stamp: Sendable, Equatable {
        let file: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    /// Files that are looked at; what is beyond waits.
    private static let mostFiles = 10_000

    public init(_ path: String, keeps: Bool = false) {
        self.path = path
        self.keeps = keeps
    }

    private var done: String { path + "/.done" }
    private var failed: String { path + "/.failed" }

    /// - Throws: Where the folders cannot be made, or are links: who may drop files must not choose where reports are written.
    public func prepare() throws {
        for folder in [path, done, failed] { try Self.make(folder) }
        for folder in [done, failed] {
            var status = stat()
            guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SpoolError(reason: "\(folder) is no folder of its own: remove the link")
            }
        }
    }

    /// Makes a folder, and those above it.
    private static func make(_ folder: String) throws(SpoolError) {
        guard mkdir(folder, 0o777) != 0 else { return }
        var reason = errno
        if reason == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            try make(String(folder[..<slash]))
            // Once more and not again: below a link to what is not there nothing can be made.
            if mkdir(folder, 0o777) == 0 { return }
            reason = errno
        }
        guard reason == EEXIST else {
            throw SpoolError(reason: "\(folder) cannot be made: \(String(cString: strerror(reason)))")
        }
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw SpoolError(reason: "\(folder) is not a folder")
        }
    }

    /// Files that wait, with what they are now, by their names.
    func waiting() throws -> [(file: String, stamp: Stamp)] {
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw SpoolError(reason: "\(path) cannot be used: \(String(cString: strerror(errno)))")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return names.filter { !SpoolName.isIgnored($0) }.sorted().prefix(Self.mostFiles).compactMap { name in
            stamp(name).map { (name, $0) }
        }
    }

    /// Nil for what is no file: links are not followed, as somebody else may have made them.
    func stamp(_ file: String) -> Stamp? {
        var status = stat()
        guard lstat("\(path)/\(file)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Stamp(
            file: UInt64(status.st_ino), size: Int64(status.st_size), seconds: Int(time.tv_sec),
            nanoseconds: Int(time.tv_nsec))
    }

    private struct Report: Encodable {
        var file: String
        var images: [String]
    }

    /// What is known of a file is there before the file is gone: who waits for it finds one or the other. Another file that has
    /// taken its place meanwhile stays, and has its turn.
    func succeed(_ file: String, _ stamp: Stamp, _ images: [String]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let report = try encoder.encode(Report(file: file, images: images))
        try report.write(to: URL(filePath: "\(done)/\(file).json"), options: .atomic)
        _ = unlink("\(failed)/\(file).err")
        guard self.stamp(file) == stamp else { return }
        if keeps {
            guard rename("\(path)/\(file)", "\(done)/\(file)") == 0 else { throw SpoolError.system() }
        } else {
            guard unlink("\(path)/\(file)") == 0 || errno == ENOENT else { throw SpoolError.system() }
        }
    }

    /// The same for one that is not pushed.
    func fail(_ file: String, _ stamp: Stamp, _ reason: String) throws {
        // A name may be too long to get an ending: the file is put aside all the same, or it would be tried for ever.
        let told = Result {
            try Data((reason + "\n").utf8).write(to: URL(filePath: "\(failed)/\(file).err"), options: .atomic)
        }
        _ = unlink("\(done)/\(file).json")
        if self.stamp(file) == stamp, rename("\(path)/\(file)", "\(failed)/\(file)") != 0, errno != ENOENT {
            throw SpoolError.system()
        }
        try told.get()
    }

    // MARK: Handing in

    /// Puts a copy of a file into the folder, complete when it has its name.
    ///
    /// - Parameter file: The name there.
    /// - Throws: ``SpoolError``, also where the source is no file.
    public func hand(in source: String, as file: String) throws {
        // Not the link, which nobody would take.
        guard let resolved = realpath(source, nil) else {
            throw SpoolError(reason: "\(source) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0, access(resolved, R_OK) == 0 else {
            throw SpoolError(reason: "\(source) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SpoolError(reason: "\(source) is not a file") }
        _ = unlink("\(done)/\(file).json")
        _ = unlink("\(failed)/\(file).err")
        let partial = "\(path)/\(file)~"
        try? FileManager.default.removeItem(atPath: partial)
        do {
            try FileManager.default.copyItem(atPath: String(cString: resolved), toPath: partial)
        } catch {
            _ = unlink(partial)
            throw SpoolError(reason: "\(source) cannot be copied into \(path): check its room and its rights")
        }
        guard rename(partial, "\(path)/\(file)") == 0 else { throw SpoolError.system() }
    }

    /// What became of a file; nil as long as it waits.
    public func outcome(of file: String) -> Result<[String], SpoolError>? {
        struct Read: Decodable { var images: [String] }
        if stamp(file) != nil { return nil }
        if let data = FileManager.default.contents(atPath: "\(failed)/\(file).err") {
            return .failure(SpoolError(reason: String(decoding: data.prefix(4096), as: UTF8.self)))
        }
        guard let data = FileManager.default.contents(atPath: "\(done)/\(file).json"),
            let read = try? JSONDecoder().decode(Read.self, from: data)
        else { return nil }
        return .success(read.images)
    }
}

/// Why what was dropped was not pushed.
public struct SpoolError: Error, Sendable, CustomStringConvertible {
    public let reason: String

    public var description: String { reason }

    /// What the last call of the system says.
    static func system() -> SpoolError { SpoolError(reason: String(cString: strerror(errno))) }
}
