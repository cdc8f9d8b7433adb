import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check or show the configuration.",
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self])

    @OptionGroup var options: ConfigurationOptions
}
