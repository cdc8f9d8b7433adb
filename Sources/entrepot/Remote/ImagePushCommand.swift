import ArgumentParser
import Bundle
import Console
import OCI
import SurrogateClient
import Transfer

struct ImagePushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Push an archive of images, or any file, to a registry.",
        discussion: """
            FILE is a bundle, what 'docker save', 'podman save' or 'skopeo copy' wrote, the folder of an OCI layout, or - for an \
            archive on standard input. Anything that is no tar file is wrapped as an image of one layer that holds it; \
            'entrepot image pull --unpack' gives it back. Blobs that the registry has are not sent.
            """)

    @OptionGroup var options: RegistryOptions
    @Option(help: ArgumentHelp("Of an archive with several images, this one.", valueName: "name")) var select: String?
    @Flag(help: "Push an archive's images under the names that they have there.") var keepNames = false
    @Flag(help: "Take FILE for a file, even if it is an archive.") var asFile = false
    @Flag(help: "Push FILE as an artifact, as ORAS does: its bytes are the blob.") var artifact = false
    @Option(help: ArgumentHelp("What the artifact is.", valueName: "media type"))
    var artifactType = "application/vnd.unknown.artifact.v1"
    @OptionGroup var progress: ProgressOptions
    @Argument(help: "A profile or an address.") var registry: String
    @Argument(help: "NAME or NAME:TAG to push as; with --keep-names, FILE.") var name: String
    @Argument(help: "The file.", completion: .file()) var file: String?

    func validate() throws {
        guard keepNames == (file == nil) else {
            throw ValidationError(
                keepNames
                    ? "With --keep-names the images have their names; leave out NAME."
                    : "Name the image and the file: REGISTRY NAME FILE.")
        }
        guard MediaType(artifactType) != nil else { throw ValidationError("--artifact-type is a media type.") }
        guard !(artifact && asFile) else { throw ValidationError("--artifact and --as-file exclude each other.") }
        if let select, ImageName(select) == nil { throw ValidationError("--select is NAME or NAME:TAG.") }
    }

    func run() async throws {
        if let via = options.via { return try await carryOut(via) }
        let target = try options.target(registry)
        let bar = progress.bar("push")
        defer { bar.end() }
        let upload = FileUpload(
            registry: target.registry, jobs: options.connections, progress: { bar.set($0, of: $1) })
        let kind: FileUpload.Kind =
            artifact ? MediaType(artifactType).map { .artifact($0) } ?? .file : asFile ? .file : .whatever
        let image = try file == nil ? nil : target.name(name)
        try await CarryOptions.reporting {
            let pushed = try await upload.push(
                file ?? name, as: image, kind, selection: select.flatMap { ImageName($0) })
            bar.end()
            for entry in pushed {
                print("\(entry.name)@\(entry.digest)")
                StandardError.write("pushed   \(entry.name) (\(Quantity.bytes(entry.bytes)) sent)\n")
            }
        }
    }

    private func carryOut(_ via: SurrogateRoute) async throws {
        let path = file ?? name
        var arguments = ["image", "push"] + options.repeated
        if let select { arguments += ["--select", select] }
        if keepNames { arguments.append("--keep-names") }
        if asFile { arguments.append("--as-file") }
        if progress.isWanted { arguments.append("--progress") }
        if artifact { arguments += ["--artifact", "--artifact-type", artifactType] }
        arguments += ["--", registry] + (file == nil ? [] : [name]) + [SurrogateOrder.fileMark]
        let title = path == "-" ? "archive.tar" : path.split(separator: "/").last.map(String.init)
        try await SurrogateOrder(arguments: arguments, file: title).perform(by: via, sending: path, to: nil)
    }
}
