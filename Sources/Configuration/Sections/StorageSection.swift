/// `[storage]`: exactly one back end.
public enum StorageSection: Sendable, Equatable {
    /// `[storage.fs]`: a directory in distribution's layout. A relative path is relative to the working directory.
    case fileSystem(rootDirectory: String)

    public static let defaultRootDirectory = "./data"

    public init() {
        self = .fileSystem(rootDirectory: StorageSection.defaultRootDirectory)
    }
}
