import ArgumentParser

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Pull from a registry to standard output, for the other end of a pipe.",
        discussion: "As 'image', with the registry by an option: where it runs, it has one registry, beside it.",
        subcommands: [ClientPullCommand.self, ClientListCommand.self])
}

struct ClientPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Write images to standard output as a tar file.")

    @OptionGroup var options: RegistryOptions
    @OptionGroup var pulling: PullOptions
    @Option(name: [.customShort("r"), .long], help: "A profile or an address.") var registry = "localhost:5000"
    @Argument(help: "NAME:TAG or NAME@DIGEST.") var images: [String]

    func run() async throws { try await pulling.pull(images, try options.target(registry)) }
}

struct ClientListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the images of the registry, one a line.")

    @OptionGroup var options: RegistryOptions
    @Option(name: [.customShort("r"), .long], help: "A profile or an address.") var registry = "localhost:5000"
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.bare

    func run() async throws {
        var list = ImageListCommand()
        list.options = options
        list.format = format
        list.digests = false
        list.registry = registry
        list.repositories = []
        try await list.run()
    }
}
