import ArgumentParser
import Bundle
import Configuration
import Console
import FoundationEssentials
import OCI
import Registry
import Storage
import Transfer

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that images can be pulled from what is held, or that a bundle is whole.",
        discussion: """
            Of images it looks for every manifest, configuration and layer, and prints what is missing and why. It reads the \
            store itself, whether a server runs or not, asks no upstream and changes nothing. Of a bundle it reads every \
            byte: volumes, signature, digests. Ends with 1 if something is missing or wrong.
            """)

    @OptionGroup var options: CarryOptions
    @Flag(name: .customLong("all"), help: "Every tag of every repository.") var isAll = false
    @Option(name: .customLong("against"), help: "A file that names images, as 'seed' takes it: all must be held.")
    var lists: [String] = []
    @Flag(help: "Read and hash all bytes.") var rehash = false
    @Flag(help: "Take an index for whole only if all of its images are held.") var allPlatforms = false
    @Flag(help: "Print the digests of all that is whole, for 'export --have' elsewhere.") var digests = false
    @Flag(name: .customLong("json"), help: "Print JSON.") var isJSON = false
    @Option(help: "A file with the public key that must have signed the bundle; may be repeated.")
    var trust: [String] = []
    @Argument(help: "Images as clients pull them (NAME:TAG, NAME@DIGEST, NAME:1.2*, PREFIX/), or one bundle.")
    var images: [String] = []

    func validate() throws {
        guard isAll || !images.isEmpty || !lists.isEmpty else {
            throw ValidationError("Name images or a bundle, or use --all or --against.")
        }
    }

    func run() async throws {
        if images.count == 1, !isAll, lists.isEmpty, Volumes.exist(named: images[0]) {
            return try await CarryOptions.reporting { try await verifyBundle(images[0]) }
        }
        guard trust.isEmpty else { throw ValidationError("--trust is for a bundle, and there is none of that name.") }
        let configuration = try options.loaded()
        try await CarryOptions.reporting { try await verifyImages(configuration) }
    }

    // MARK: A bundle

    private struct BundleReport: Encodable {
        var catalogue: String
        var tags: Int
        var contents: Int
        var bytes: Int64
        var signed: Bool
        var base: String?
        var needed: Int
    }

    private func verifyBundle(_ path: String) async throws {
        guard case .bundle(let reader) = try Archive(path: path, trusted: try CarryOptions.trustedKeys(trust)) else {
            StandardError.write("entrepot: \(path) is no bundle; import it and verify its images\n")
            throw ExitCode.failure
        }
        let catalogue = reader.catalogue
        let size = catalogue.contents.reduce(0) { $0 + $1.size }
        let progress = options.progress.bar("verify", total: size)
        defer { progress.end() }
        try await BundleCheck().run(reader) { progress.add(Int64($0)) }
        progress.end()
        try VolumeSums(Volumes(named: path))?.check()
        if digests {
            catalogue.all.map(\.digest).sorted().forEach { print($0) }
        } else if isJSON {
            try StoppedStore.print(
                BundleReport(
                    catalogue: reader.digest.description,
                    tags: catalogue.repositories.reduce(0) { $0 + $1.tags.count },
                    contents: catalogue.contents.count, bytes: size, signed: reader.isSigned,
                    base: catalogue.base?.description, needed: catalogue.needed.count))
        } else {
            for repository in catalogue.repositories {
                for (tag, digest) in repository.tags.sorted(by: { $0.key < $1.key }) {
                    print("ok  \(repository.name):\(tag)@\(digest)")
                }
            }
            let rest = catalogue.needed.isEmpty ? "" : "; it builds upon \(catalogue.needed.count) more"
            StandardError.write(
                "whole: \(catalogue.contents.count) contents (\(Quantity.bytes(size)))\(rest); "
                    + (reader.isSigned
                        ? trust.isEmpty ? "signed, by whom was not asked\n" : "signed by a trusted key\n"
                        : "not signed\n"))
        }
    }

    // MARK: Images

    private struct Entry: Encodable {
        struct Problem: Encodable {
            var kind: GraphProblem.Kind
            var digest: String?
            var parent: String?
        }

        var image: String
        var digest: String?
        var whole: Bool
        var leftOut: [String]
        var problems: [Problem]

        init(_ finding: Verification.Finding) {
            image = finding.image.name.description
            digest = finding.image.digest?.description
            whole = finding.graph.problems.isEmpty
            leftOut = finding.graph.leftOut.map(\.description).sorted()
            problems = finding.graph.problems.map {
                Problem(kind: $0.kind, digest: $0.digest?.description, parent: $0.parent?.description)
            }
        }
    }

    private func verifyImages(_ configuration: Configuration) async throws {
        let store = RegistryStore(objects: try await OpenedStorage.toRead(configuration.storage))
        let namespaces = Namespaces(naming: configuration)
        let chosen = try await CarryOptions.chosen(
            from: HeldImages(store, namespaces), namespaces, all: isAll, images, lists: lists)
        var isWhole = true
        var entries: [Entry] = []
        var known: Set<Digest> = []
        let progress = options.progress.bar("verify", unit: .items("images"), total: Int64(chosen.count))
        defer { progress.end() }
        try await Verification(store, wantsAllPlatforms: allPlatforms, isRehashing: rehash).run(chosen) { finding in
            progress.add(1)
            if !finding.graph.problems.isEmpty { isWhole = false }
            if digests {
                guard finding.graph.problems.isEmpty else { return }
                known.formUnion(finding.graph.blobs.map(\.digest))
                known.formUnion(finding.graph.manifests.map(\.content.digest))
            } else if isJSON {
                entries.append(Entry(finding))
            } else if finding.graph.problems.isEmpty {
                let digest = finding.image.digest.map { finding.image.tag == nil ? "" : "@\($0)" } ?? ""
                let rest = finding.graph.leftOut.isEmpty ? "" : "  without \(finding.graph.leftOut.count) of its images"
                progress.aside { print("ok  \(finding.image.name)\(digest)\(rest)") }
            } else {
                progress.aside { Self.tell([finding]) }
            }
        }
        progress.end()
        if isJSON { try StoppedStore.print(entries) }
        known.sorted().forEach { print($0) }
        if !isWhole { throw ExitCode.failure }
    }

    /// What is missing, and what fetches it.
    static func tell(_ findings: [Verification.Finding]) {
        for finding in findings {
            for problem in finding.graph.problems.prefix(10) {
                StandardError.write("missing  \(finding.image.name): \(problem.text)\n")
            }
            if finding.graph.problems.count > 10 {
                StandardError.write("missing  \(finding.image.name): and \(finding.graph.problems.count - 10) more\n")
            }
            StandardError.write("         entrepot seed \(finding.image.name)\n")
        }
    }
}
