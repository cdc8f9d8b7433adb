import ArgumentParser
import CurlClient

struct UpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstream", abstract: "Look at the upstreams of a running server.",
        subcommands: [UpstreamStatusCommand.self])
}

struct UpstreamStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show breakers and rate budgets of every upstream, as JSON.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.get, "upstreams") }
}

struct FillsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fills", abstract: "Show the downloads under way and how far they are, as JSON.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.get, "fills") }
}

struct PurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Make a mirror forget a tag, a digest, or all tags of a repository.")

    @OptionGroup var admin: AdminOptions
    @Argument(help: "As clients name it here, for example docker.io/library/debian.") var repository: String
    @Argument(help: "A tag or a digest; without it all tags.") var reference: String?

    func run() async throws {
        let reference = reference.map { "&reference=\(AdminOptions.escaped($0))" } ?? ""
        try await admin.ask(.post, "purge?repository=\(AdminOptions.escaped(repository))\(reference)")
    }
}

struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Ask the upstream now what a tag names.")

    @OptionGroup var admin: AdminOptions
    @Argument(help: "As clients name it here, for example docker.io/library/debian.") var repository: String
    @Argument(help: "The tag.") var tag: String

    func run() async throws {
        let query = "repository=\(AdminOptions.escaped(repository))&reference=\(AdminOptions.escaped(tag))"
        try await admin.ask(.post, "refresh?\(query)")
    }
}
