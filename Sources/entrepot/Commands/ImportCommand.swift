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
import OCI
import Registry
import Storage
import Threads
import Transfer

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the images of a bundle, or of another tool's archive, into the store.",
        discussion: """
            FILE is a bundle or its first volume, what 'docker save', 'podman save' or 'skopeo copy oci-archive:' wrote, the \
            folder of an OCI layout, or - for standard input. Nothing is visible before all of it has arrived and its \
            digests are right. What has arrived stays if it breaks off: begin again to go on. It works on the store itself, \
            also beside a running server, and is best run as the same user.
            """)

    @OptionGroup var options: CarryOptions
    @Option(help: "A file with the public key that must have signed; may be repeated.") var trust: [String] = []
    @Option(help: "Goes before the names of all repositories.") var prefix: String?
    @Option(help: "NAME or NAME:TAG for the image of an archive that has none.") var name: String?
    @Flag(name: .customLong("json"), help: "Print JSON.") var isJSON = false
    @Argument(help: "The bundle, archive or folder; - for standard input.", completion: .file()) var file: String

    func validate() throws {
        guard prefix.map({ RepositoryName($0) != nil }) ?? true else {
            throw ValidationError("--prefix is the beginning of a repository's name.")
        }
        guard name.map({ ImageName($0) != nil }) ?? true else { throw ValidationError("--name is NAME or NAME:TAG.") }
    }

    func run() async throws {
        let configuration = try options.configuration.load()
        try await CarryOptions.reporting { try await take(configuration) }
    }

    private func take(_ configuration: Configuration) async throws {
        let keys = try CarryOptions.trustedKeys(trust)
        let archive =
            file == "-"
            ? try Archive(descriptor: STDIN_FILENO, trusted: keys) : try Archive(path: file, trusted: keys)
        let opened = try await OpenedStorage.forCommand(configuration.storage)
        var size: Int64 = 0
        if case .bundle(let reader) = archive { size = reader.catalogue.contents.reduce(0) { $0 + $1.size } }
        let progress = options.progress.bar("import", total: size)
        defer { progress.end() }
        let importer = try Importer(
            RegistryStore(objects: opened.objects), Namespaces(naming: configuration), through: opened.copyFolder,
            mostBytes: Int64(configuration.server.maxBlobSize.bytes), progress: { progress.add(Int64($0)) })
        let naming = ImportNaming(
            prefix: prefix.flatMap { RepositoryName($0) }, name: name.flatMap { ImageName($0) })
        let report = try await importer.run(archive, naming)
        progress.end()
        if isJSON {
            try StoppedStore.print(Report(report))
        } else {
            for image in report.images { print(image) }
            StandardError.write(
                "\(report.images.count) tags; \(report.contents) contents came "
                    + "(\(Quantity.bytes(report.bytes))), \(report.held) were there\n")
        }
    }

    private struct Report: Encodable {
        var images: [String]
        var contents: Int
        var held: Int
        var bytes: Int64

        init(_ report: ImportReport) {
            images = report.images.map(\.description)
            contents = report.contents
            held = report.held
            bytes = report.bytes
        }
    }
}
