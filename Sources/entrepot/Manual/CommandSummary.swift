/// What the argument parser tells of a command and those below it, as far as a manual wants to know.
struct CommandSummary: Decodable {
    struct Document: Decodable {
        let command: CommandSummary
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            /// As it is typed.
            var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let abstract: String?
        let discussion: String?
        let defaultValue: String?
    }

    let commandName: String
    let superCommands: [String]?
    let aliases: [String]?
    let shouldDisplay: Bool
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [CommandSummary]?

    /// As it is typed.
    var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

    /// But for what every command has.
    var ownArguments: [Argument] {
        (arguments ?? []).filter { argument in
            argument.shouldDisplay && !(argument.names ?? []).contains { ["help", "version"].contains($0.name) }
        }
    }

    /// This one and all below, in the order of the help.
    var all: [CommandSummary] { [self] + (subcommands ?? []).filter(\.shouldDisplay).flatMap(\.all) }
}
