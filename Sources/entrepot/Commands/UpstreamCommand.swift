import ArgumentParser
import CurlClient

struct UpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstream", abstract: "Look at upstreams.",
        subcommands: [UpstreamStatusCommand.self, UpstreamProbeCommand.self])
}

struct UpstreamStatusCommand: AdminQuestion {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show breakers and rate budgets of every upstream, as JSON.")
    static let question = AdminRequest(.get, "upstreams")

    @OptionGroup var admin: AdminOptions
}
