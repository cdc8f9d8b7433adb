import ArgumentParser

struct StorageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Look after the store.",
        subcommands: [StorageTestCommand.self, StorageCopyCommand.self])
}
