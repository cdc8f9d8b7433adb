import ArgumentParser
import Configuration

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `-c FILE`, before the command or after it.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp(
            "A configuration file; may be repeated.",
            discussion: "Later files win: tables merge, other values and arrays are replaced.",
            valueName: "file"))
    var files: [String] = []

    /// Prints every problem to standard error and ends with failure if there are any.
    func load() throws -> Configuration {
        do throws(ConfigurationProblems) {
            return try ConfigurationLoader.load(files: files, environment: ProcessInfo.processInfo.environment)
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }
}
