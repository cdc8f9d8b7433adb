#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import Bundle
import Configuration
import Console
import FoundationEssentials
import NIOConcurrencyHelpers
import OCI
import Registry
import Storage
import Transfer

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write held images into a bundle, to be carried to where there is no network.",
        discussion: """
            The bundle is a tar file with an OCI image layout, which skopeo, podman and containerd read as well, and a \
            catalogue. The same images are always the same bytes. It reads the store itself, whether a server runs or not; \
            it asks no upstream: what is not held is told, and fetched by a pull. Signatures, and whatever else refers to an \
            image, go with it. Ends with 1, and leaves no bundle, if an image is not whole.
            """)

    @OptionGroup var options: CarryOptions
    @Option(name: [.customShort("o"), .long], help: "The file to write; - for standard output.") var output: String
    @Flag(name: .customLong("all"), help: "Every tag of every repository.") var isAll = false
    @Option(name: .customLong("list"), help: "A file that names images, as 'seed' takes it.") var lists: [String] = []
    @Option(help: "A bundle that the other side has imported: what it holds is left out.") var since: [String] = []
    @Option(help: "A file with digests that the other side has, one a line, as 'verify --digests' prints them there.")
    var have: [String] = []
    @Flag(help: "Leave out images that are not whole, and tell which.") var skipIncomplete = false
    @Flag(help: "Take an index for whole only if all of its images are held.") var allPlatforms = false
    @Flag(help: "Compress with zstd. Layers are compressed as a rule, and gain nothing.") var zstd = false
    @Option(help: "The largest size of a file, such as 4GiB; there are as many as it takes, numbered .001 and so on.")
    var volumeSize: String?
    @Option(help: "A file with an Ed25519 key that signs the bundle.") var sign: String?
    @Argument(help: "Images as clients pull them: NAME:TAG, NAME@DIGEST, NAME:1.2*, or PREFIX/ for all below.")
    var images: [String] = []

    func validate() throws {
        guard isAll || !images.isEmpty || !lists.isEmpty else {
            throw ValidationError("Name images, or use --all or --list.")
        }
        if let volumeSize {
            guard let size = DataSize(volumeSize), size.bytes >= 1 << 16, output != "-" else {
                throw ValidationError("--volume-size is a size of 64KiB or more, for a file.")
            }
        }
        if output == "-", isatty(STDOUT_FILENO) == 1 { throw ValidationError("A bundle is nothing for a terminal.") }
    }

    func run() async throws {
        // A pipe that nobody reads any more is told by the call that writes.
        signal(SIGPIPE, SIG_IGN)
        let configuration = try options.loaded()
        try await CarryOptions.reporting { try await export(configuration) }
    }

    private func export(_ configuration: Configuration) async throws {
        let key = try sign.map { try options.signingKey($0) }
        let store = RegistryStore(objects: try await OpenedStorage.toRead(configuration.storage))
        let namespaces = Namespaces(naming: configuration)
        let chosen = try await CarryOptions.chosen(
            from: HeldImages(store, namespaces), namespaces, all: isAll, images, lists: lists)
        let (known, base) = try otherSide()
        let plan = try await BundlePlan(
            store, chosen, wantsAllPlatforms: allPlatforms, have: known, base: base)
        VerifyCommand.tell(plan.incomplete)
        guard plan.incomplete.isEmpty || skipIncomplete else {
            StandardError.write("entrepot: there is no bundle; use --skip-incomplete for one without these images\n")
            throw ExitCode.failure
        }
        let target: BundleWriter.Target =
            output == "-"
            ? .descriptor(STDOUT_FILENO)
            : .file(output, volumeSize: volumeSize.flatMap { DataSize($0) }.map { Int64($0.bytes) })
        let size = plan.catalogue.contents.reduce(0) { $0 + $1.size }
        let progress = options.progress.bar("export", total: size)
        defer { progress.end() }
        try await Interruptible.run {
            let writer = try BundleWriter(target, plan.catalogue, compression: zstd ? 3 : nil, signedBy: key)
            try await BundleExport(store).run(plan.catalogue, into: writer) { progress.add(Int64($0)) }
        }
        progress.end()
        let images = plan.catalogue.repositories.reduce(0) { $0 + $1.tags.count }
        let rest = plan.catalogue.needed.isEmpty ? "" : ", and builds upon \(plan.catalogue.needed.count) more"
        StandardError.write(
            "\(images) tags, \(plan.catalogue.contents.count) contents (\(Quantity.bytes(size)))\(rest)\n")
    }

    /// What the other side has, and the catalogue that says so.
    private func otherSide() throws -> (Set<Digest>, base: Digest?) {
        var known: Set<Digest> = []
        var bases: [Digest] = []
        for path in since {
            guard case .bundle(let reader) = try Archive(path: path) else {
                StandardError.write("entrepot: \(path) is no bundle; use --have with a list of digests\n")
                throw ExitCode.failure
            }
            known.formUnion(reader.catalogue.all.map(\.digest))
            bases.append(reader.digest)
        }
        for path in have {
            for line in try CarryOptions.lines(path) {
                guard let digest = Digest(line) else {
                    StandardError.write("entrepot: \(path) has a line that is no digest: \(line.prefix(100))\n")
                    throw ExitCode.failure
                }
                known.insert(digest)
            }
        }
        return (known, have.isEmpty && bases.count == 1 ? bases[0] : nil)
    }
}
