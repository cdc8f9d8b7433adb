import FoundationEssentials
import Storage

/// Where contents are put together before they go into a store: on its own file system, where that is one.
struct CopyFolder {
    let path: String

    /// Also removes what processes that died left there.
    init(_ storage: OpenedStorage) throws {
        path = "\(storage.root)/.entrepot/copy"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        CopiedFile.sweep(path)
    }
}
