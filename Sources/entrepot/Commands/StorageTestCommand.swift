import ArgumentParser
import Configuration
import Threads

struct StorageTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Try everything that the server needs of the configured store.",
        discussion: """
            Needs the configuration and no running server, and harms none: it works below .entrepot/test and tidies up. \
            Ends with 1 if something fails.
            """)

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        let configuration = try configuration.load()
        print("store  \(configuration.storage.place)")
        let trial = StorageTrial { step in
            let duration =
                "\(step.duration.components.seconds * 1000 + step.duration.components.attoseconds / 1_000_000_000_000_000) ms"
            print(
                "  \(Self.pad(step.name, 12))\(Self.pad(step.outcome.rawValue, 8))\(Self.pad(duration, 10))\(step.finding)"
            )
        }
        let store: OpenedStorage?
        do {
            store = try await OpenedStorage.forCommand(configuration.storage)
        } catch let error as ExitCode {
            throw error
        } catch {
            trial.note("open", .failed, "\(error)")
            store = nil
        }
        if let store {
            trial.note("open", .ok, "the layout is that of this version")
            await trial.run(store.objects)
        }
        guard trial.failures == 0 else {
            print("the server cannot work with this store")
            throw ExitCode.failure
        }
        print("the server can work with this store")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}
