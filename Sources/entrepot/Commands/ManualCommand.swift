import ArgumentParser

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Print the manual page, in mdoc.",
        discussion: "Packages are made with it. To read it: entrepot manual | man -l -", shouldDisplay: false)

    func run() throws {
        print(try ManualPage(Entrepot._dumpHelp()).text, terminator: "")
    }
}
