/// What came of reading a configuration, be it valid or not.
public struct ConfigurationReading: Sendable {
    public let result: Result<Configuration, ConfigurationProblems>
    /// What could be understood, with defaults for the rest; nil if a file could not be read or parsed at all. Good enough
    /// to find a running server by, and for nothing else.
    public let draft: Configuration?
    /// The files that keys name (certificates, keys, passwords), also those that could not be read; nil where the keys
    /// are not known.
    public let namedFiles: Set<String>?

    init(
        _ result: Result<Configuration, ConfigurationProblems>, draft: Configuration? = nil,
        namedFiles: Set<String>? = nil
    ) {
        self.result = result
        self.draft = draft
        self.namedFiles = namedFiles
    }
}
