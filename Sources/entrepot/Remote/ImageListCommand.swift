import Transfer
import ArgumentParser
import OCI
import RegistryClient
import SurrogateClient
import Upstream

struct ImageListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the images of a registry, or the tags of one repository.")

    @OptionGroup var options: RegistryOptions
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.table
    @Flag(help: "Also what each tag stands for, which asks for each.") var digests = false
    @Argument(help: "A profile or an address.") var registry: String
    @Argument(help: "Repositories; none for all that the registry tells of.") var repositories: [String] = []

    func run() async throws {
        if let via = options.via {
            let order = SurrogateOrder(
                arguments: ["image", "list"] + options.repeated + ["--format", format.rawValue]
                    + (digests ? ["--digests"] : []) + ["--", registry] + repositories, file: nil)
            return try await order.perform(by: via, sending: nil, to: nil)
        }
        let target = try options.target(registry)
        try await CarryOptions.reporting {
            let names =
                repositories.isEmpty
                ? try await target.registry.repositories() : try repositories.map { try target.name($0).repository }
            var listing = Listing(columns: digests ? ["image", "digest"] : ["image"])
            for name in names {
                guard let tags = try await tags(of: name, target) else { continue }
                for tag in tags.sorted() {
                    let digest = digests ? try await target.registry.manifest(name, .tag(tag)).digest : nil
                    listing.rows.append(digests ? ["\(name):\(tag)", digest?.description] : ["\(name):\(tag)"])
                }
            }
            try listing.print(format)
        }
    }

    /// Nil for one that is in the catalogue, and empty.
    private func tags(
        of name: RepositoryName, _ target: RegistryOptions.Target
    ) async throws(UpstreamError) -> [Tag]? {
        do throws(UpstreamError) {
            return try await target.registry.tags(name)
        } catch {
            guard error.kind == .notFound, repositories.isEmpty else { throw error }
            return nil
        }
    }
}
