import ArgumentParser
import Configuration

/// Runs the registry until it is told to stop.
///
/// - Parameter files: where the configuration came from.
func serve(_ configuration: Configuration, files: [String]) async throws {
    StandardError.write("entrepot: the server is not wired yet\n")
    throw ExitCode.failure
}
