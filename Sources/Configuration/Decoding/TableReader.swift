/// Reads the values of one table into domain types; what cannot be read becomes a problem, and the default is used.
struct TableReader {
    let schema: ConfigurationTable
    let path: [KeyStep]
    let origin: SettingNode.Origin
    let problems: ProblemCollector
    private let entries: [String: SettingNode]

    /// Reports the keys that the schema does not have.
    init(_ schema: ConfigurationTable, _ node: SettingNode, path: [KeyStep], problems: ProblemCollector) {
        self.schema = schema
        self.path = path
        self.problems = problems
        origin = node.origin
        entries = node.table ?? [:]
        if node.table == nil {
            problems.report(
                path, at: node.origin, "expected a table, found \(node.kind)", "write it as [\(path.text)]")
        }
        guard !schema.isNamed else { return }
        for (key, node) in entries where !schema.keys.contains(key) && !schema.tables.contains(key) {
            reportUnknown(key, node)
        }
    }

    /// - Precondition: the key is one of the schema's, so that the list of keys is complete.
    func node(_ key: String) -> SettingNode? {
        precondition(schema.keys.contains(key) || schema.tables.contains(key), "\(key) is not in the schema")
        return entries[key]
    }

    func isSet(_ key: String) -> Bool { node(key) != nil }

    func report(_ key: String, _ message: String, _ remedy: String) {
        problems.report(path + [.key(key)], at: entries[key]?.origin ?? origin, message, remedy)
    }

    func report(_ message: String, _ remedy: String) {
        problems.report(path, at: origin, message, remedy)
    }

    func table(_ key: String, as schema: ConfigurationTable) -> TableReader? {
        node(key).map { TableReader(schema, $0, path: path + [.key(key)], problems: problems) }
    }

    /// The tables of an array, `[[key]]`.
    func tables(_ key: String, as schema: ConfigurationTable) -> [TableReader] {
        guard let node = node(key) else { return [] }
        let path = path + [.key(key)]
        guard case .array(let elements) = node.content else {
            report(key, "expected an array of tables, found \(node.kind)", "write each as [[\(path.text)]]")
            return []
        }
        return elements.enumerated().map { index, element in
            TableReader(schema, element, path: path + [.index(index)], problems: problems)
        }
    }

    /// The entries of a table whose keys are the operator's, by key.
    var named: [(key: String, node: SettingNode)] {
        entries.sorted { $0.key < $1.key }.map { (key: $0.key, node: $0.value) }
    }

    private func reportUnknown(_ key: String, _ node: SettingNode) {
        let path = path + [.key(key)]
        if ConfigurationKeys.notInThisVersion.contains(key) {
            problems.report(
                path, at: node.origin, "is not in this version of Entrepot",
                "remove it; nothing acts on it, and it is refused so that nobody relies on it")
            return
        }
        let remedy: String
        if node.table != nil, schema == .repository || schema == .identity, case .key(let name)? = self.path.last {
            // [repository.docker.io] is a table `io` of a repository `docker`.
            let table = self.path.dropLast() + [.key("\(name).\(key)")]
            remedy = "a name with dots stands in quotes: write [\(Array(table).text)]"
        } else if let meant = Suggestion.closest(to: key, among: schema.keys + schema.tables) {
            remedy = "did you mean '\(meant)'?"
        } else if let elsewhere = ConfigurationTable.allCases.first(where: { $0.keys.contains(key) }) {
            remedy = "did you mean '\(elsewhere.path).\(key)'?"
        } else {
            remedy = "remove it; known here: \((schema.keys + schema.tables).joined(separator: ", "))"
        }
        problems.report(path, at: node.origin, "unknown key", remedy)
    }
}
