/// Gathers problems while decoding goes on with defaults, so that all are told at once; and the files that were met on
/// the way.
final class ProblemCollector {
    private(set) var problems: [ConfigurationProblem] = []
    /// Every file that a key names, whether it can be read or not.
    private(set) var files: Set<String> = []

    func note(file: String) { files.insert(file) }

    func report(
        _ path: [KeyStep], at origin: SettingNode.Origin, _ message: String, _ remedy: String,
        snippet: String? = nil
    ) {
        problems.append(
            ConfigurationProblem(
                file: origin.file, line: origin.line, keyPath: path.text, message: message, remedy: remedy,
                snippet: snippet))
    }

    /// In the order of the files and of the lines within them.
    func sorted(files: [String]) -> [ConfigurationProblem] {
        let ranks = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        func place(_ problem: ConfigurationProblem) -> (Int, Int) {
            (problem.file.flatMap { ranks[$0] } ?? -1, problem.line ?? 0)
        }
        return problems.enumerated()
            .sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
            .map(\.element)
    }
}

private func < (left: ((Int, Int), Int), right: ((Int, Int), Int)) -> Bool {
    left.0 == right.0 ? left.1 < right.1 : left.0 < right.0
}
