import ArgumentParser
import Configuration

struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the effective configuration as TOML.",
        discussion: "Every key with its value, defaults included. Passwords are never shown.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .customLong("default"), help: "What runs without a configuration file.")
    var showsDefault = false

    func validate() throws {
        if showsDefault, !options.files.isEmpty {
            throw ValidationError("--default shows what runs without files; leave out -c, or leave out --default.")
        }
    }

    func run() throws {
        print(try options.load().toml(), terminator: "")
    }
}
