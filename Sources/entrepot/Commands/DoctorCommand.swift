import ArgumentParser
import Configuration
import Doctor

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that serving depends on, and say what is wrong and what to do about it.",
        discussion: """
            Configuration, store, machine, certificates, Redis, upstreams, and what container runtimes on this machine are \
            told. Needs no running server and harms none. Run it as the user that the server runs as.

            Ends with 0 if nothing is wrong, with 4 if there are warnings, and with 1 if something fails.
            """)

    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Print the findings as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Look at this alone; may be repeated.",
            discussion: "One of \(Self.areas.joined(separator: ", ")).", valueName: "area"),
        completion: .list(Self.areas), transform: Self.area)
    var only: [Finding.Area] = []

    @Option(
        help: ArgumentHelp(
            "A name by which clients know this server, beside the machine's own; may be repeated.", valueName: "host"))
    var alsoKnownAs: [String] = []

    @Option(
        help: ArgumentHelp("Look for the files of container runtimes below this folder.", valueName: "folder"),
        completion: .directory)
    var runtimesRoot = "/"

    func run() async throws {
        let areas = only.isEmpty ? Set(Finding.Area.allCases) : Set(only)
        let report = ExaminationReport(
            await Examination(
                source: configuration.source, areas: areas, names: alsoKnownAs,
                runtimesRoot: runtimesRoot == "/" ? "" : runtimesRoot
            ).findings())
        print(json ? try report.json() + "\n" : report.text, terminator: "")
        guard report.exitCode == 0 else { throw ExitCode(report.exitCode) }
    }

    private static let areas = Finding.Area.allCases.map(\.rawValue)

    private static func area(_ text: String) throws -> Finding.Area {
        guard let area = Finding.Area(rawValue: text) else {
            throw ValidationError("--only takes one of \(areas.joined(separator: ", ")), not '\(text)'.")
        }
        return area
    }
}
