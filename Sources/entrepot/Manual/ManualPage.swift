import FoundationEssentials

/// The manual page of the program, made from its commands' own definitions, in the macros of mdoc(7).
struct ManualPage {
    private let root: CommandSummary

    /// - Parameter help: What the argument parser dumps.
    init(_ help: String) throws {
        root = try JSONDecoder().decode(CommandSummary.Document.self, from: Data(help.utf8)).command
    }

    var text: String {
        let name = root.commandName
        var lines = [
            ".Dd $Mdocdate$", ".Dt \(name.uppercased()) 1", ".Os Entrepot \(entrepotVersion)", ".Sh NAME",
            ".Nm \(name)",
            ".Nd \(escaped((root.abstract ?? "").trimmedPeriod))", ".Sh SYNOPSIS", ".Nm \(name)",
            ".Op Fl c Ar file", ".Ar command", ".Op Ar option ...", ".Sh DESCRIPTION",
        ]
        lines += paragraphs(root.discussion)
        lines += [".Sh OPTIONS"] + list(root.ownArguments)
        lines += [".Pp", "With every command", ".Fl -help", "tells what it takes."]
        lines.append(".Sh COMMANDS")
        // What only holds others has nothing to tell.
        for command in root.all.dropFirst() where command.subcommands?.isEmpty ?? true { lines += section(command) }
        lines += Self.end
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ command: CommandSummary) -> [String] {
        let path = command.path.split(separator: " ").dropFirst().joined(separator: " ")
        // `-c` is told of once, for all.
        let arguments = command.ownArguments.filter { !($0.names ?? []).contains { $0.name == "config" } }
        var lines = [".Ss \(escaped(path))", ".Nm \(root.commandName) Cm \(escaped(path))"]
        for argument in arguments {
            let isPositional = argument.kind == "positional"
            var words = isPositional ? [] : ["Fl \(flag(argument))"]
            if argument.kind != "flag" { words.append("Ar \(escaped(argument.valueName ?? "value"))") }
            if argument.isRepeating { words.append("...") }
            let text = words.joined(separator: " ")
            lines.append(argument.isOptional ? ".Op \(text)" : ".\(text)")
        }
        lines.append(".Pp")
        lines += paragraphs(command.abstract)
        if let aliases = command.aliases, !aliases.isEmpty {
            lines.append("Also as \(aliases.map(escaped).joined(separator: ", ")).")
        }
        if let discussion = command.discussion, !discussion.isEmpty { lines += [".Pp"] + paragraphs(discussion) }
        return lines + list(arguments)
    }

    private func list(_ arguments: [CommandSummary.Argument]) -> [String] {
        let told = arguments.filter { $0.abstract != nil }
        guard !told.isEmpty else { return [] }
        var lines = [".Bl -tag -width Ds"]
        for argument in told {
            let value = argument.kind == "flag" ? "" : " Ar \(escaped(argument.valueName ?? "value"))"
            if argument.kind == "positional" {
                lines.append(".It\(value)")
            } else {
                let names = (argument.names ?? []).map { "Fl \(escaped(String($0.text.dropFirst())))" }
                lines.append(".It \(names.joined(separator: " , "))\(value)")
            }
            lines += paragraphs(argument.abstract)
            lines += paragraphs(argument.discussion)
            if let standard = argument.defaultValue { lines.append("Default: \(escaped(standard)).") }
        }
        return lines + [".El"]
    }

    /// The long name where there is one.
    private func flag(_ argument: CommandSummary.Argument) -> String {
        let names = argument.names ?? []
        let name = names.first { $0.kind == "long" } ?? names.first
        return escaped(String((name?.text ?? "-").dropFirst()))
    }

    private func paragraphs(_ text: String?) -> [String] {
        var lines: [String] = []
        for line in (text ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            lines.append(line.isEmpty ? ".Pp" : escaped(String(line)))
        }
        return lines.allSatisfy { $0 == ".Pp" } ? [] : lines
    }

    /// Safe wherever it stands in a line: nothing of it is taken for a request, a macro or an escape.
    private func escaped(_ text: String) -> String {
        let safe = text.replacing("\\", with: "\\e")
        return safe.hasPrefix(".") || safe.hasPrefix("'") ? "\\&\(safe)" : safe
    }

    private static let end = [
        ".Sh EXIT STATUS", ".Bl -tag -width Ds", ".It 0", "Success.", ".It 1", "Failure.", ".It 2", "Wrong usage.",
        ".It 3", ".Cm policy explain :", "denied.", ".It 4", ".Cm doctor :", "there are warnings, and nothing fails.",
        ".El", ".Sh FILES", ".Bl -tag -width Ds", ".It Pa /etc/entrepot/entrepot.toml",
        "The configuration that packages run with.", ".It Pa /var/lib/entrepot", "The store that it names.", ".El",
        ".Sh SEE ALSO", ".Xr containers-registries.conf 5 ,", ".Xr podman 1 ,", ".Xr skopeo 1",
    ]
}

extension String {
    fileprivate var trimmedPeriod: String { hasSuffix(".") ? String(dropLast()) : self }
}
