import ArgumentParser
import CurlClient
import TextEncodings

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
