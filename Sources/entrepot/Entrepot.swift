import ArgumentParser
import FoundationEssentials

@main
struct Entrepot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entrepot",
        abstract: "A streaming, caching registry proxy for container images, and a registry of its own.",
        discussion: """
            Without -c it runs with embedded defaults: mirrors for the well-known registries, data under ./data, \
            listening on 127.0.0.1:5000. 'entrepot config show --default' prints them.

            Exit codes: 0 success, 1 failure, 2 wrong usage; 'policy explain' ends with 3 where it is denied, and 'doctor' \
            with 4 where there are warnings only.
            """,
        version: entrepotVersion,
        subcommands: [
            ServerCommand.self, ConfigCommand.self, DoctorCommand.self, ReloadCommand.self, StatusCommand.self,
            TopCommand.self,
            UpstreamCommand.self,
            FillsCommand.self, PurgeCommand.self, RefreshCommand.self, JanitorCommand.self, RetentionCommand.self,
            PruneCommand.self,
            ScrubCommand.self, StorageCommand.self, ExportCommand.self, ImportCommand.self, VerifyCommand.self,
            SeedCommand.self, MissesCommand.self, ImageCommand.self, ClientCommand.self, RegistryCommand.self,
            SpoolCommand.self, SurrogateCommand.self,
            HashPasswordCommand.self,
            PolicyCommand.self,
            TokenCommand.self, HealthCheckCommand.self, VersionCommand.self, ManualCommand.self,
        ])

    @OptionGroup var configuration: ConfigurationOptions

    /// Those of the process, with what the environment says for a container.
    private static var arguments: [String] {
        let given = Array(CommandLine.arguments.dropFirst())
        guard given.first == SpoolCommand.configuration.commandName else { return given }
        return given.prefix(1) + SpoolEnvironment.arguments(ProcessInfo.processInfo.environment) + given.dropFirst()
    }

    /// As ArgumentParser's own, but for the exit code of wrong usage, which is 64 there.
    static func main() async {
        do {
            try await answer()
            try StandardOutput.flush()
        } catch let error where exitCode(for: error) == .validationFailure {
            StandardError.write(fullMessage(for: error) + "\n")
            Self.exit(withError: ExitCode(2))
        } catch {
            Self.exit(withError: error)
        }
    }

    private static func answer() async throws {
        do {
            var command = try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error where exitCode(for: error) == .success {
            // Help, a version, a script for a shell.
            let text = fullMessage(for: error)
            if !text.isEmpty { print(text) }
        }
    }
}
