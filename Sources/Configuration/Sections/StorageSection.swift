/// `[storage]`: exactly one back end.
public enum StorageSection: Sendable, Equatable {
    /// `[storage.fs]`: a directory in distribution's layout. A relative path is relative to the working directory.
    case fileSystem(rootDirectory: String)

    /// `[storage.s3]`: a bucket in distribution's layout.
    case s3(S3StorageSection)

    public static let defaultRootDirectory = "./data"

    var isBucket: Bool { if case .s3 = self { true } else { false } }

    /// As it is told to operators.
    public var place: String {
        switch self {
        case .fileSystem(let rootDirectory): rootDirectory
        case .s3(let section): "the bucket \(section.bucket) at \(section.address)"
        }
    }

    public init() {
        self = .fileSystem(rootDirectory: StorageSection.defaultRootDirectory)
    }
}
