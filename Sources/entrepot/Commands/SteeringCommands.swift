import TextEncodings
import ArgumentParser
import CurlClient

struct UpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstream", abstract: "Look at upstreams.",
        subcommands: [UpstreamStatusCommand.self, UpstreamProbeCommand.self])
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
        commandName: "purge", abstract: "Make a mirror forget a tag, a digest, or all tags of a repository or prefix.")

    @OptionGroup var admin: AdminOptions
    @OptionGroup var target: SteeringTarget
    @Argument(help: "A tag or a digest; without it all tags.") var reference: String?

    func validate() throws {
        if target.prefix != nil, reference != nil { throw ValidationError("A prefix takes no tag or digest.") }
    }

    func run() async throws {
        if let prefix = target.prefix {
            return try await admin.ask(.post, "purge?prefix=\(PercentEncoding.encoded(prefix))")
        }
        let reference = reference.map { "&reference=\(PercentEncoding.encoded($0))" } ?? ""
        try await admin.ask(.post, "purge?repository=\(PercentEncoding.encoded(target.name))\(reference)")
    }
}

struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Ask the upstream now what a tag, or each held tag below a prefix, names.")

    @OptionGroup var admin: AdminOptions
    @OptionGroup var target: SteeringTarget
    @Argument(help: "The tag; none with a prefix.") var tag: String?
    @Option(help: "With a prefix: go on after this, as 'next' of the answer before says.") var after: String?

    func validate() throws {
        if (target.prefix == nil) == (tag == nil) { throw ValidationError("A repository takes a tag, a prefix none.") }
        if target.prefix == nil, after != nil { throw ValidationError("--after goes with a prefix.") }
    }

    func run() async throws {
        if let prefix = target.prefix {
            let after = after.map { "&after=\(PercentEncoding.encoded($0))" } ?? ""
            return try await admin.ask(.post, "refresh?prefix=\(PercentEncoding.encoded(prefix))\(after)")
        }
        let query = "repository=\(PercentEncoding.encoded(target.name))&reference=\(PercentEncoding.encoded(tag ?? ""))"
        try await admin.ask(.post, "refresh?\(query)")
    }
}
