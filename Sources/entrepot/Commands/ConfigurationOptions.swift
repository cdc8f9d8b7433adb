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
            valueName: "file"), completion: .file())
    var files: [String] = []

    var source: ConfigurationSource {
        ConfigurationSource(files: files, environment: ProcessInfo.processInfo.environment)
    }

    /// The secret in a file, by the rules for such files in a configuration; ends with failure if there is none.
    func secret(_ path: String) throws -> Secret {
        do throws(ConfigurationProblems) {
            return try ConfigurationLoader.secret(file: path)
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }

    /// Prints every problem to standard error and ends with failure if there are any.
    func load() throws -> Configuration {
        do throws(ConfigurationProblems) {
            return try source.read().result.get()
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }
}
