import Transfer
import ArgumentParser
import OCI
import RegistryClient
import SurrogateClient
import Upstream

struct ImageDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete images of a registry.",
        discussion: """
            A tag stands for a manifest, which is deleted with all of its tags, as the specification has it; --tag-only \
            deletes the tag alone, where the registry can do that. Repositories stay.
            """)

    @OptionGroup var options: RegistryOptions
    @Flag(help: "Delete the tag and leave the manifest.") var tagOnly = false
    @Flag(name: [.customShort("a"), .long], help: "Every tag of the repositories that are named.") var all = false
    @Argument(help: "A profile or an address.") var registry: String
    @Argument(help: "NAME:TAG or NAME@DIGEST; with --all, repositories.") var images: [String]

    func validate() throws {
        guard !images.isEmpty else { throw ValidationError("Name images.") }
    }

    func run() async throws {
        if let via = options.via {
            let order = SurrogateOrder(
                arguments: ["image", "delete"] + options.repeated + (tagOnly ? ["--tag-only"] : [])
                    + (all ? ["--all"] : []) + ["--", registry] + images, file: nil)
            return try await order.perform(by: via, sending: nil, to: nil)
        }
        let target = try options.target(registry)
        try await CarryOptions.reporting {
            for text in images {
                let name = try target.name(text)
                var references = [name.reference]
                if all { references = try await target.registry.tags(name.repository).map { .tag($0) } }
                for reference in references { try await delete(name.repository, reference, target) }
            }
        }
    }

    private func delete(
        _ repository: RepositoryName, _ reference: Reference, _ target: RegistryOptions.Target
    ) async throws {
        if tagOnly || reference.isDigest {
            try await target.registry.delete(repository, reference)
        } else {
            // Another tag stood for the same.
            guard let digest = try await digest(of: repository, reference, target) else { return }
            try await target.registry.delete(repository, .digest(digest))
        }
        print("deleted  \(repository)\(reference.isDigest ? "@" : ":")\(reference)")
    }

    /// Nil for one of all that is gone by now.
    private func digest(
        of repository: RepositoryName, _ reference: Reference, _ target: RegistryOptions.Target
    ) async throws(UpstreamError) -> Digest? {
        do throws(UpstreamError) {
            return try await target.registry.manifest(repository, reference).digest
        } catch {
            guard error.kind == .notFound, all else { throw error }
            return nil
        }
    }
}

extension Reference {
    fileprivate var isDigest: Bool { if case .digest = self { true } else { false } }
}
