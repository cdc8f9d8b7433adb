import ArgumentParser
import Bundle
import Configuration
import Console
import FoundationEssentials
import NIOConcurrencyHelpers
import OCI
import Registry
import Transfer

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Fetch whole images from the configured upstreams, ahead of time.",
        discussion: """
            What is fetched is kept: it is not evicted. It works on the store itself, also beside a running server, and asks \
            the upstreams as that would. What is held is not fetched again, so that a seed that broke off goes on. An \
            upstream that wants to be left alone for a while is waited for. Ends with 1 if an image could not be had.

            A file names images one a line, or is YAML or JSON with 'image' keys (Kubernetes manifests, 'helm template', \
            compose files), the table of 'docker images', 'crictl images' or 'ctr images ls', or a bundle. '-' is standard \
            input.
            """)

    @OptionGroup var options: CarryOptions
    @Option(help: "Of an index only the image for this, such as linux/amd64; may be repeated.")
    var platform: [String] = []
    @Flag(
        name: .customLong("no-referrers"), help: "Leave out signatures, attestations and what else refers to an image.")
    var leavesReferrers = false
    @Option(help: "Of the tags that a pattern means, so many of the highest versions.") var newest: Int?
    @Option(
        name: .customLong("image-key"),
        help: ArgumentHelp(
            "In YAML and JSON, names stand behind keys like this as well, such as '*ImageRef'; may be repeated.",
            valueName: "pattern"))
    var imageKeys: [String] = []
    @Option(help: "Images at a time.") var jobs = 4
    @Option(help: "How long upstreams that want to be left alone are waited for, for each image.")
    var patience = "6h"
    @Flag(name: .customLong("json"), help: "Print JSON.") var isJSON = false
    @Argument(help: "Images (NAME:TAG, NAME@DIGEST, NAME:1.2*), or files that name some.") var images: [String]

    func validate() throws {
        for text in platform where ImagePlatform(text) == nil {
            throw ValidationError("'\(text)' is no platform; write it like linux/amd64 or linux/arm/v7.")
        }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs is between 1 and 64.") }
        guard newest.map({ $0 > 0 }) ?? true else { throw ValidationError("--newest is 1 or more.") }
        guard Seconds(patience) != nil else { throw ValidationError("--patience is a time such as 30m or 6h.") }
        guard !images.isEmpty else { throw ValidationError("Name images, or files that name some.") }
    }

    private struct Entry: Encodable {
        var image: String
        var digest: String?
        var manifests: Int?
        var blobs: Int?
        var bytes: Int64?
        var error: String?

        init(_ outcome: Seeding.Outcome) {
            image = outcome.name.description
            switch outcome.result {
            case .success(let fetched):
                (digest, manifests) = (fetched.digest.description, fetched.manifests)
                (blobs, bytes) = (fetched.blobs, fetched.bytes)
            case .failure(let error): self.error = error.message
            }
        }
    }

    func run() async throws {
        let configuration = try options.configuration.load()
        try await CarryOptions.reporting { try await seed(configuration) }
    }

    private func seed(_ configuration: Configuration) async throws {
        var settings = Seeding.Settings()
        settings.platforms = platform.compactMap { ImagePlatform($0) }
        settings.takesReferrers = !leavesReferrers
        settings.newest = newest
        settings.jobs = jobs
        settings.patience = (Seconds(patience)?.milliseconds ?? 0) / 1000
        let patterns = try self.patterns(Namespaces(naming: configuration))
        let entries = NIOLockedValueBox<[Entry]>([])
        let progress = options.progress.bar("seed", unit: .items("images"))
        defer { progress.end() }
        let (isJSON, chosen) = (isJSON, settings)
        try await SeedingRegistry.with(configuration) { registry, namespaces in
            let seeding = Seeding(
                registry, chosen,
                wait: { name, seconds, error in
                    progress.aside {
                        StandardError.write("wait     \(name): \(seconds) s, as \(error.message)\n")
                    }
                }, planned: { progress.set(0, of: Int64($0)) })
            try await seeding.run(patterns, namespaces) { outcome in
                entries.withLockedValue { $0.append(Entry(outcome)) }
                if !isJSON { progress.aside { Self.tell(outcome) } }
                progress.add(1)
            }
        }
        progress.end()
        let done = entries.withLockedValue { $0 }.sorted { $0.image < $1.image }
        if isJSON { try StoppedStore.print(done) }
        let failures = done.filter { $0.error != nil }.count
        let bytes = done.reduce(0) { $0 + ($1.bytes ?? 0) }
        StandardError.write(
            "\(done.count - failures) images held (\(Quantity.bytes(bytes)) fetched), \(failures) not\n")
        if failures > 0 { throw ExitCode.failure }
    }

    private static func tell(_ outcome: Seeding.Outcome) {
        switch outcome.result {
        case .success(let fetched):
            let digest = outcome.name.digest == nil ? "@\(fetched.digest)" : ""
            print(
                "ok  \(outcome.name)\(digest)  \(fetched.blobs) blobs, \(Quantity.bytes(fetched.bytes)) fetched"
            )
        case .failure(let error):
            StandardError.write("failed   \(outcome.name): \(error.message)\n")
        }
    }

    private func patterns(_ namespaces: Namespaces) throws -> [ImagePattern] {
        var patterns: [ImagePattern] = []
        for text in images {
            if text != "-", !Volumes.exist(named: text) {
                guard let pattern = namespaces.pattern(named: text) else {
                    throw ValidationError("'\(text)' is neither a file nor an image.")
                }
                patterns.append(pattern)
            } else if text != "-", let archive = try? Archive(path: text), case .bundle(let reader) = archive {
                for repository in reader.catalogue.repositories {
                    patterns += repository.tags.keys.sorted().map { .one(ImageName(repository.name, tag: $0)) }
                }
            } else {
                patterns += try CarryOptions.patterns(inList: text, namespaces, keys: imageKeys)
            }
        }
        return patterns
    }
}
