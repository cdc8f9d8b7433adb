import ArgumentParser
import Configuration
import Logging
import OCI
import Registry
import Upstream

struct UpstreamProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Walk the way of a pull step by step and explain what goes wrong.",
        discussion: """
            Needs the configuration and no running server. Asks every upstream of the repository: name, connection, TLS, \
            challenge, token, manifest. Ends with 1 if a pull would fail.
            """)

    @OptionGroup var configuration: ConfigurationOptions
    @Argument(
        help: ArgumentHelp(
            "As clients name it here, for example docker.io/library/debian:bookworm.",
            discussion: "Without a tag or digest: latest.", valueName: "repository[:tag]"))
    var image: String

    func run() async throws {
        let configuration = try configuration.load()
        let (repository, reference) = try target(configuration)
        let namespace = repository.namespace
        print("namespace  \(namespace.key), \(count(namespace.upstreams.count))")
        if namespace.isLocal {
            try fail(
                "it is local: what was not pushed here is not there; add [[repository.\"\(namespace.key)\".upstream]]")
        }
        if namespace.isOffline { try fail("it is offline, as configured: only what is held is served") }
        var source: String?
        for (number, upstream) in namespace.upstreams.enumerated() {
            print("upstream \(number + 1)  \(upstream.name), which calls it \(repository.remoteName)")
            guard let client = upstream as? UpstreamClient else { continue }
            if await client.probe(repository.remoteName, reference, report: show), source == nil {
                source = upstream.name
            }
        }
        guard let source else { return try fail("a pull would fail, unless the image is held") }
        print("a pull would succeed, from \(source)")
    }

    /// The repository that is meant, and what of it.
    private func target(_ configuration: Configuration) throws -> (Repository, Reference) {
        let slash = image.lastIndex(of: "/") ?? image.startIndex
        let separator = image.firstIndex(of: "@") ?? image[slash...].firstIndex(of: ":")
        let text = separator.map { String(image[image.index(after: $0)...]) } ?? "latest"
        guard let name = RepositoryName(String(image[..<(separator ?? image.endIndex)])) else {
            throw ValidationError("'\(image)' does not begin with a repository's name.")
        }
        guard let reference = Reference(text) else {
            throw ValidationError("'\(text)' is neither a tag nor a digest.")
        }
        let logger = Logger(label: "entrepot.probe") { _ in SwiftLogNoOpLogHandler() }
        let (namespaces, _) = try NamespacesBuilder(
            configuration: configuration,
            parts: LongLivedUpstreamParts(manifestRoom: ByteBudget(limit: .max), logger: logger),
            previous: UpstreamClients()
        ).build()
        do throws(RegistryError) {
            return (try namespaces.repository(name), reference)
        } catch {
            StandardError.write("entrepot: \(error.message)\n")
            throw ExitCode.failure
        }
    }

    private func show(_ step: ProbeStep) {
        let state = step.isFailure ? "FAILED" : step.remedy == nil ? "ok" : "odd"
        print(
            "  \(pad(step.name.rawValue, 12))\(pad(state, 7))\(pad(step.duration.map(milliseconds) ?? "", 9))\(step.finding)"
        )
        if let remedy = step.remedy { print("  \(pad("", 28))-> \(remedy)") }
    }

    private func fail(_ message: String) throws {
        print(message)
        throw ExitCode.failure
    }

    private func count(_ upstreams: Int) -> String { upstreams == 1 ? "one upstream" : "\(upstreams) upstreams" }

    private func milliseconds(_ duration: Duration) -> String {
        "\(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000) ms"
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}
