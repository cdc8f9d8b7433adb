/// Reads, merges, decodes and checks a configuration; it is whole or it is a list of problems.
///
/// Later files win: tables merge key by key, every other value is replaced, arrays as a whole. Keys that no file has
/// take their documented defaults. The embedded mirrors and the `local` namespace are there only if no file defines a
/// `[repository]`: whoever names repositories gets those and no others.
public enum ConfigurationLoader {
    static let maximumFile = DataSize.mebibytes(1)

    /// - Parameters:
    ///   - files: paths, the last one wins; none is the embedded defaults alone.
    ///   - environment: for `password_env` and `XDG_DATA_HOME`.
    /// - Throws: every problem that was found.
    public static func load(
        files: [String], environment: [String: String]
    ) throws(ConfigurationProblems) -> Configuration {
        try read(files: files, environment: environment).result.get()
    }

    /// As ``load(files:environment:)``, and tells what was read to get there.
    ///
    /// - Parameter waits: A file may be a pipe, whose writer is waited for.
    public static func read(
        files: [String], environment: [String: String], waits: Bool = true
    ) -> ConfigurationReading {
        var problems: [ConfigurationProblem] = []
        var documents: [SettingNode] = []
        for file in files {
            do throws(ConfigurationProblems) {
                documents.append(try TOMLDocument.parse(try text(of: file, waits: waits), file: file))
            } catch {
                problems += error.problems
            }
        }
        // The rest would be judged without the text that did not parse; that gives misleading problems.
        if !problems.isEmpty { return ConfigurationReading(.failure(ConfigurationProblems(problems))) }
        var reading = reading(of: documents, files: files, environment: environment)
        reading.emptyFiles = Set(zip(files, documents).lazy.filter { $1.table?.isEmpty == true }.map(\.0))
        return reading
    }

    /// The same for a text that is in no file.
    public static func load(
        text: String, name: String = "(text)", environment: [String: String] = [:]
    ) throws(ConfigurationProblems) -> Configuration {
        let document = try TOMLDocument.parse(text, file: name)
        return try reading(of: [document], files: [name], environment: environment).result.get()
    }

    /// What stands in a TOML file of another program, which is none of ours; of at most 1 MiB.
    public static func document(foreign file: String) throws(ConfigurationProblems) -> SettingNode {
        try TOMLDocument.parse(try text(of: file), file: file)
    }

    /// The secret in a file that no configuration names, by the rules for those that one does.
    public static func secret(file: String) throws(ConfigurationProblems) -> Secret {
        do throws(BoundedFileError) {
            return try BoundedFile.secret(file, waits: true)
        } catch {
            throw problem(file, error.message, error.remedy)
        }
    }

    private static func reading(
        of documents: [SettingNode], files: [String], environment: [String: String]
    ) -> ConfigurationReading {
        let embedded: SettingNode
        do throws(ConfigurationProblems) {
            embedded = try EmbeddedDefaults.document.get()
        } catch {
            return ConfigurationReading(.failure(error))
        }
        let definesRepositories = documents.contains { $0.table?["repository"] != nil }
        var layers = documents
        if !definesRepositories { layers.insert(embedded, at: 0) }
        let empty = SettingNode(content: .table([:]), origin: embedded.origin)
        let merged = layers.reduce(empty) { $0.merging($1) }

        let collector = ProblemCollector()
        let draft = ConfigurationDecoder(
            environment: environment, problems: collector, hasEmbeddedRepositories: !definesRepositories
        ).configuration(from: merged)
        let problems = collector.sorted(files: files)
        return ConfigurationReading(
            problems.isEmpty ? .success(draft) : .failure(ConfigurationProblems(problems)), draft: draft,
            namedFiles: collector.files)
    }

    /// The text of a file of at most 1 MiB.
    ///
    /// - Parameter waits: It may be a pipe, whose writer is waited for.
    public static func text(of file: String, waits: Bool = true) throws(ConfigurationProblems) -> String {
        let bytes: [UInt8]
        do throws(BoundedFileError) {
            bytes = try BoundedFile.read(file, limit: maximumFile, waits: waits)
        } catch {
            throw problem(file, error.message, error.remedy)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw problem(file, "is not UTF-8 text", "save it as UTF-8")
        }
        return text
    }

    private static func problem(_ file: String, _ message: String, _ remedy: String) -> ConfigurationProblems {
        ConfigurationProblems([
            ConfigurationProblem(file: file, line: nil, keyPath: "", message: message, remedy: remedy)
        ])
    }
}
