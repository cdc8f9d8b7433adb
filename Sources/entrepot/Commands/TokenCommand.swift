import TextEncodings
import ArgumentParser
import CurlClient

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make keys for tokens; revoke refresh tokens.",
        subcommands: [TokenKeygenCommand.self, TokenRevokeCommand.self])
}

struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a running server forget all refresh tokens of an identity.",
        discussion: "Tokens that were already given stay valid to their end, token.ttl at most.")

    @OptionGroup var admin: AdminOptions
    @Option(help: "The <id> of the [identity.<id>] table.") var user: String

    func run() async throws { try await admin.ask(.post, "tokens/revoke?user=\(PercentEncoding.encoded(user))") }
}
