/// Some files as they are at one moment; equal to a later stamp if none of them has changed between the two.
public struct FileStamp: Sendable, Equatable {
    private var versions: [String: FileVersion?] = [:]

    /// Blocks for as long as the file systems need.
    public init(_ paths: some Sequence<String>) {
        cover(paths)
    }

    /// Covers these files from now on, and no others. Those that are covered already stay as they were seen.
    public mutating func cover(_ paths: some Sequence<String>) {
        let known = versions
        versions = [:]
        for path in paths { versions.updateValue(known[path] ?? FileVersion(of: path), forKey: path) }
    }

    /// The same files as they are now.
    func renewed() -> FileStamp { FileStamp(versions.keys) }
}
