import Configuration
import ArgumentParser
import RegistryClient

struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry", abstract: "Keep the registries that 'image' and 'client' work with.",
        subcommands: [
            RegistryAddCommand.self, RegistryListCommand.self, RegistryDescribeCommand.self, RegistryInfoCommand.self,
            RegistryRemoveCommand.self,
        ])
}

struct RegistryListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Print the profiles.")

    @OptionGroup var file: ProfileFileOptions
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.table

    func run() async throws {
        try Listing(
            columns: ["name", "url", "username"], rows: try file.read().all.map { [$0.name, $0.address, $0.username] }
        ).print(format)
    }
}

struct RegistryDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Print all that is kept of a registry.")

    @OptionGroup var file: ProfileFileOptions
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.table
    @Argument var name: String

    func run() async throws {
        let settings = try file.profile(name).settings
        switch format {
        case .table, .bare:
            try Listing(columns: ["key", "value"], rows: settings.map { [$0.key, $0.value] }).print(format)
        case .json, .yaml:
            try Listing(columns: ["name"] + settings.map(\.key), rows: [[name] + settings.map(\.value)]).print(format)
        }
    }
}

struct RegistryRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Forget a registry.")

    @OptionGroup var file: ProfileFileOptions
    @Argument var name: String

    func run() async throws {
        var profiles = try file.read()
        guard profiles.remove(name) else {
            StandardError.write("entrepot: there is no profile '\(name)' in \(try file.path())\n")
            throw ExitCode.failure
        }
        try file.write(profiles)
    }
}
