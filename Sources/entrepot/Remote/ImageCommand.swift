import ArgumentParser

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Push, pull, list and delete images of any registry.",
        discussion: """
            REGISTRY is the name of a profile ('entrepot registry add') or an address (HOST, HOST:PORT, a URL). No \
            configuration is read and no server needed.
            """,
        subcommands: [
            ImagePushCommand.self, ImagePullCommand.self, ImageListCommand.self, ImageDeleteCommand.self,
        ])
}
