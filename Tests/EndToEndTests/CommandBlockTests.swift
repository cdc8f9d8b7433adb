import Foundation
import TestSupport
import Testing

/// Commands in the manual, against the definitions of the commands themselves.
@Suite struct CommandBlockTests {
    private struct Help: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }

            var kind: String
            var isOptional: Bool
            var isRepeating: Bool
            var names: [Name]?
            var allValues: [String]?
        }

        struct Command: Decodable {
            var commandName: String
            var arguments: [Argument]?
            var subcommands: [Command]?
            var aliases: [String]?
        }

        var command: Command
    }

    private static func help() async throws -> Help.Command {
        let text = try await Command(Paths.entrepot.path, ["--experimental-dump-help"]).run()
        return try JSONDecoder().decode(Help.self, from: Data(text.utf8)).command
    }

    private static let pages: [String] = {
        let docs =
            (try? FileManager.default.subpathsOfDirectory(atPath: Paths.tree.appendingPathComponent("docs").path)) ?? []
        return ["README.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    /// Lines of blocks for a shell, without what is printed, comments and what comes after another command.
    private static func lines(_ page: String) throws -> [String] {
        let text = try String(contentsOf: Paths.tree.appendingPathComponent(page), encoding: .utf8)
        var lines: [String] = []
        var language: String?
        for line in text.components(separatedBy: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
            if line.hasPrefix("```") {
                language = language == nil ? String(line.dropFirst(3)) : nil
            } else if language == "console", line.hasPrefix("$ ") {
                lines.append(String(line.dropFirst(2)))
            } else if language == "sh" {
                lines.append(line)
            }
        }
        return lines
    }

    /// What is wrong with a command line; nil if nothing is.
    private static func problem(_ words: [String], _ root: Help.Command) -> String? {
        var command = root
        var words = words[...]
        var given = 0
        func option(_ word: String, of command: Help.Command) -> Help.Argument? {
            let name = word.hasPrefix("--") ? word.dropFirst(2).prefix { $0 != "=" } : word.dropFirst(1)
            return (command.arguments ?? []).first { ($0.names ?? []).contains { $0.name == name } }
        }
        while let word = words.popFirst() {
            if word.hasPrefix("-"), word != "-" {
                guard let found = option(word, of: command) else { return "\(command.commandName) has no \(word)" }
                if found.kind == "option", !word.contains("=") {
                    guard let value = words.popFirst() else { return "\(word) has no value" }
                    if let values = found.allValues, !values.contains(value) { return "\(word) does not take \(value)" }
                }
            } else if let next = (command.subcommands ?? []).first(where: {
                $0.commandName == word || $0.aliases?.contains(word) == true
            }) {
                command = next
            } else {
                given += 1
            }
        }
        if !(command.subcommands ?? []).isEmpty { return "\(command.commandName) is no command by itself" }
        let positional = (command.arguments ?? []).filter { $0.kind == "positional" }
        let wanted = positional.count { !$0.isOptional }
        let most = positional.contains(where: \.isRepeating) ? Int.max : positional.count
        guard (wanted...max(wanted, most)).contains(given) else {
            return "\(command.commandName) takes other arguments"
        }
        return nil
    }

    /// Words of a line up to a comment, a pipe or the like, without those before the program.
    private static func words(_ line: String) -> [String]? {
        var words: [String] = []
        for word in line.split(separator: " ").map(String.init) {
            if ["#", "|", "&", "&&", ">", "||", ";", "<"].contains(where: word.hasPrefix) { break }
            words.append(word.trimmingCharacters(in: ["'", "\""]))
        }
        if words.first == "sudo" { words.removeFirst(words.count > 2 && words[1] == "-u" ? 3 : 1) }
        guard words.first == "entrepot" || words.first?.hasSuffix("/entrepot") == true else { return nil }
        return Array(words.dropFirst())
    }

    @Test func everyCommandOfTheManualCouldBeRun() async throws {
        let root = try await Self.help()
        var count = 0
        for page in Self.pages {
            for line in try Self.lines(page) {
                guard let words = Self.words(line) else { continue }
                count += 1
                #expect(Self.problem(words, root) == nil, "\(page): \(line)")
            }
        }
        #expect(count > 20)
    }

    @Test(arguments: [
        "serve", "config", "config check --nope", "upstream probe", "purge", "storage copy --from",
        "doctor --only nothing extra",
        "refresh a b c",
    ])
    func aWrongOneWouldBeFound(line: String) async throws {
        #expect(Self.problem(line.split(separator: " ").map(String.init), try await Self.help()) != nil)
    }

    @Test func everyTargetOfMakeThatIsNamedIsThere() throws {
        let makefile = try String(contentsOf: Paths.tree.appendingPathComponent("Makefile"), encoding: .utf8)
        let targets = Set(makefile.matches(of: /(?m)^([a-z-]+):/).map { String($0.1) })
        var count = 0
        for page in Self.pages {
            for line in try Self.lines(page) {
                guard let match = line.firstMatch(of: /^(?:sudo )?make ([a-z-]+)/) else { continue }
                count += 1
                #expect(targets.contains(String(match.1)), "\(page): \(line)")
            }
        }
        #expect(count > 2)
    }
}
