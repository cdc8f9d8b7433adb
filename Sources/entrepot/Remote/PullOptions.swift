#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import Transfer

/// What commands share that pull images of a registry into a file.
struct PullOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .long], help: "The file to write; - for standard output.") var output: String?
    @Flag(name: [.customShort("u"), .long], help: "Write the file that the image was made of.") var unpack = false
    @Option(help: "Of an index only the image for this, such as linux/amd64; may be repeated.") var platform: [String] =
        []
    @Flag(help: "With signatures, attestations and what else refers to the image.") var referrers = false
    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for text in platform where ImagePlatform(text) == nil {
            throw ValidationError("'\(text)' is no platform; write it like linux/amd64 or linux/arm/v7.")
        }
    }

    /// The same again, to standard output.
    var repeated: [String] {
        ["--output", "-"] + (unpack ? ["--unpack"] : []) + (referrers ? ["--referrers"] : [])
            + (progress.isWanted ? ["--progress"] : []) + platform.flatMap { ["--platform", $0] }
    }

    func pull(_ images: [String], _ target: RegistryOptions.Target) async throws {
        // A pipe that nobody reads any more is told by the call that writes.
        signal(SIGPIPE, SIG_IGN)
        let names = try images.map { try target.name($0) }
        let download = FileDownload(
            registry: target.registry, platforms: platform.compactMap { ImagePlatform($0) }, takesReferrers: referrers)
        try await CarryOptions.reporting {
            if unpack {
                guard names.count == 1 else { throw ValidationError("--unpack is for one image.") }
                let path = try await download.unpack(names[0], to: output)
                if path != "-" { StandardError.write("wrote    \(path)\n") }
            } else {
                let output = output ?? "-"
                if output == "-", isatty(STDOUT_FILENO) == 1 {
                    throw ValidationError("An archive is nothing for a terminal; use --output FILE.")
                }
                try await download.pull(names, to: output, progress)
            }
        }
    }
}
