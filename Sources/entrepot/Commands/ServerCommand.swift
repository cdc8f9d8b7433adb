import ArgumentParser

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Run the registry.",
        discussion: "SIGTERM and SIGINT stop it after transfers in flight have finished or the grace period is over.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        try await serve(try options.load(), files: options.files)
    }
}
