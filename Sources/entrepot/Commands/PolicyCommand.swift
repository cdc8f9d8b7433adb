import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Ask the configured access policies.",
        subcommands: [PolicyExplainCommand.self])
}
