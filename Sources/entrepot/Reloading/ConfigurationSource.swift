import Configuration

/// Where the configuration of this process comes from.
///
/// The environment may hold secrets; it is not shown where this is printed.
struct ConfigurationSource: Sendable, CustomStringConvertible, CustomReflectable {
    let files: [String]
    let environment: [String: String]

    var description: String { files.description }
    var customMirror: Mirror { Mirror(self, children: ["files": files]) }

    func read() -> ConfigurationReading { ConfigurationLoader.read(files: files, environment: environment) }

    /// The same of a server that runs, and waits for nobody who may write into a pipe.
    func readAgain() -> ConfigurationReading {
        ConfigurationLoader.read(files: files, environment: environment, waits: false)
    }
}
