import Retention

extension ConfigurationDecoder {
    private static let mostRules = 1000

    /// Nil where the table has none.
    func retentionPolicy(_ table: TableReader, as schema: ConfigurationTable) -> RetentionPolicy? {
        guard let reader = table.table("retention_policy", as: schema) else { return nil }
        let texts = reader.texts("rules")
        if texts.count > Self.mostRules { reader.report("rules", "are too many", "keep at most \(Self.mostRules)") }
        return RetentionPolicy(rules: texts.compactMap { rule($0.text, at: $0.index, reader) })
    }

    private func rule(_ text: String, at index: Int, _ reader: TableReader) -> RetentionRule? {
        do throws(RetentionRule.Malformed) {
            return try RetentionRule(text)
        } catch {
            let list = reader.node("rules")
            var origin = list?.origin ?? reader.origin
            if case .array(let elements)? = list?.content, index < elements.count { origin = elements[index].origin }
            for issue in error.issues {
                problems.report(
                    reader.path + [.key("rules"), .index(index)], at: origin,
                    "\(issue.line):\(issue.column): \(issue.message)",
                    "docs/reference/retention.md has the variables, docs/reference/cel.md the language",
                    snippet: issue.snippet)
            }
            return nil
        }
    }
}
