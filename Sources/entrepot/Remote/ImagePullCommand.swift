#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import SurrogateClient

struct ImagePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Pull images of a registry into a tar file.",
        discussion: """
            Writes a bundle: a tar file with an OCI image layout, which podman, skopeo and containerd read. Nothing is kept on \
            the way, and what arrives is checked. An output that is cut short is no archive.
            """)

    @OptionGroup var options: RegistryOptions
    @OptionGroup var pulling: PullOptions
    @Argument(help: "A profile or an address.") var registry: String
    @Argument(help: "NAME:TAG or NAME@DIGEST.") var images: [String]

    func validate() throws {
        guard !images.isEmpty else { throw ValidationError("Name images.") }
    }

    func run() async throws {
        guard let via = options.via else { return try await pulling.pull(images, try options.target(registry)) }
        guard pulling.output != nil || !pulling.unpack else {
            throw ValidationError("With --via, --unpack needs --output: the file's name is known only there.")
        }
        let output = pulling.output ?? "-"
        if output == "-", isatty(STDOUT_FILENO) == 1 {
            throw ValidationError("An archive is nothing for a terminal; use --output FILE.")
        }
        let order = SurrogateOrder(
            arguments: ["image", "pull"] + options.repeated + pulling.repeated + ["--", registry] + images, file: nil)
        try await order.perform(by: via, sending: nil, to: output == "-" ? nil : output)
    }
}
