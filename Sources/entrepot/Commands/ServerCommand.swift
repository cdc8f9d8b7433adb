import ArgumentParser
import Configuration

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Run the registry.",
        discussion: """
            SIGTERM and SIGINT stop it after transfers in flight have finished or the grace period is over. It takes on \
            a new configuration when a file of it changes, and on SIGHUP.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        do {
            try await serve(options.source)
        } catch let problems as ConfigurationProblems {
            StandardError.write("\(problems)\n")
            throw ExitCode.failure
        }
    }
}
