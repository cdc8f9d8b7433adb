import ArgumentParser
import Configuration
import FoundationEssentials
import Storage

struct MissesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "misses",
        abstract: "Print the images that were asked for at a site that is offline and does not hold them.",
        discussion: """
            One name a line: a list for 'entrepot seed' where there is a network. It reads the store itself, whether a \
            server runs or not.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Forget what is printed.") var clear = false
    @Flag(name: .customLong("json"), help: "Print JSON.") var isJSON = false

    func run() async throws {
        let configuration = try options.load()
        try await CarryOptions.reporting {
            let store = RegistryStore(objects: try await OpenedStorage.toRead(configuration.storage))
            let names = try await store.misses()
            if isJSON { try StoppedStore.print(names) } else { names.forEach { print($0) } }
            guard clear else { return }
            // What nobody got is not forgotten.
            try StandardOutput.flush()
            for name in names { try await store.forgetMiss(name) }
        }
    }
}
