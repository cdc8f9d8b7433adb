import ArgumentParser
import CurlClient
import TextEncodings

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
