public import OCI

/// `[[spooler]]`: a folder; what is dropped into it is pushed.
public struct SpoolerSection: Sendable, Hashable {
    public let directory: String
    /// Goes before the names of its images; of a repository that clients may push to.
    public let repository: RepositoryName
    /// Whether what was pushed is kept.
    public let keeps: Bool

    public init(directory: String, repository: RepositoryName, keeps: Bool = false) {
        self.directory = directory
        self.repository = repository
        self.keeps = keeps
    }
}
