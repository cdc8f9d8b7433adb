/// What came of reading a configuration, be it valid or not.
public struct ConfigurationReading: Sendable {
    public let result: Result<Configuration, ConfigurationProblems>
    /// What could be understood, with defaults for the rest; nil if a file could not be read or parsed at all. Good enough
    /// to find a running server by, and for nothing else.
    public let draft: Configuration?
    /// The files that keys name (certificates, keys, passwords), also those that could not be read; nil where the keys
    /// are not known.
    public let namedFiles: Set<String>?
    /// Files without a single key: nothing at all, or comments.
    public internal(set) var emptyFiles: Set<String> = []

    init(
        _ result: Result<Configuration, ConfigurationProblems>, draft: Configuration? = nil,
        namedFiles: Set<String>? = nil
    ) {
        self.result = result
        self.draft = draft
        self.namedFiles = namedFiles
    }

    /// The configuration, for a server that runs one already.
    ///
    /// Editors truncate before they write. What stood in a file must not be forgotten for that, least of all who may enter: a
    /// file that has lost its last key is taken for damaged.
    /// - Parameter emptyFiles: those that had no key when the running configuration was read.
    public func reloaded(emptyBefore emptyFiles: Set<String>) throws(ConfigurationProblems) -> Configuration {
        let emptied = self.emptyFiles.subtracting(emptyFiles).sorted()
        guard emptied.isEmpty else {
            throw ConfigurationProblems(
                emptied.map {
                    ConfigurationProblem(
                        file: $0, line: nil, keyPath: "", message: "is empty, and was not before",
                        remedy: "write the configuration into it again, or restart the server if the defaults are meant"
                    )
                })
        }
        return try result.get()
    }
}
