import CEL
import Retention

extension ConfigurationDecoder {
    private static let mostRules = 1000

    /// Nil where the table has none.
    func retentionPolicy(_ table: TableReader, as schema: ConfigurationTable) -> RetentionPolicy? {
        guard let reader = table.table("retention_policy", as: schema) else { return nil }
        return RetentionPolicy(rules: rules(reader, manual: "docs/reference/retention.md", RetentionRule.init))
    }

    /// The conditions under `rules`, but for those that make no sense, which are reported.
    ///
    /// - Parameter manual: The page that has their variables.
    func rules<Rule>(
        _ reader: TableReader, manual: String, _ compile: (String) throws(CELIssues) -> Rule
    ) -> [Rule] {
        let texts = reader.texts("rules")
        if texts.count > Self.mostRules { reader.report("rules", "are too many", "keep at most \(Self.mostRules)") }
        return texts.compactMap { index, text in
            do throws(CELIssues) {
                return try compile(text)
            } catch {
                report(error.issues, at: index, reader, manual)
                return nil
            }
        }
    }

    private func report(_ issues: [CELIssue], at index: Int, _ reader: TableReader, _ manual: String) {
        let list = reader.node("rules")
        var origin = list?.origin ?? reader.origin
        if case .array(let elements)? = list?.content, index < elements.count { origin = elements[index].origin }
        for issue in issues {
            problems.report(
                reader.path + [.key("rules"), .index(index)], at: origin,
                "\(issue.position.line):\(issue.position.column): \(issue.message)",
                "\(manual) has the variables, docs/reference/cel.md the language", snippet: issue.snippet)
        }
    }
}
