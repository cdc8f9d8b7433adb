import ArgumentParser
import Bundle
import SurrogateClient

struct SurrogateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surrogate",
        abstract: "Carry out one 'image' command that comes on standard input, at the other end of '--via'.",
        discussion: """
            It runs beside a registry that cannot be reached from where the images are: on its machine, in its pod, in a \
            container. Profiles, passwords and certificates are those here. It does nothing that who may start it could not do.
            """)

    /// Those that take what is carried and touch nothing else.
    private static let known: Set<String> = ["push", "pull", "list", "delete"]

    func run() async throws {
        let order = try SurrogateOrder.received()
        guard order.arguments.first == "image", order.arguments.count > 1, Self.known.contains(order.arguments[1])
        else {
            throw SurrogateOrder.failure("a surrogate does 'image push', 'pull', 'list' and 'delete'")
        }
        try await ScratchFolder.with { folder in
            var arguments = order.arguments
            if let file = order.file {
                guard FileLayer.isFileName(file) else {
                    throw SurrogateOrder.failure("the file has no name that it can have")
                }
                let path = folder + "/" + file
                try SurrogateOrder.receive(to: path)
                arguments = arguments.map { $0 == SurrogateOrder.fileMark ? path : $0 }
            }
            var command = try Entrepot.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        }
    }
}
