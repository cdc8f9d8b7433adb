/// A table while a document is read: what may still be added to it depends on how it came to be.
final class TOMLTable {
    /// How a table came to be (TOML 1.0, "Table" and "Inline Table").
    enum Definition {
        /// On the way to another by a header: may still be defined by its own.
        case implicit
        /// By `[header]`, or an element of `[[header]]`.
        case header
        /// By a dotted key: takes further dotted keys and tables below it, but no header of its own.
        case dotted
        /// By `{ ... }`: takes nothing.
        case inline
    }

    enum Entry {
        case value(SettingNode)
        case table(TOMLTable)
        case tables(TOMLTables)
    }

    var definition: Definition
    var entries: [String: Entry] = [:]
    let line: Int

    init(_ definition: Definition, line: Int) {
        self.definition = definition
        self.line = line
    }

    /// Makes it and all below it take nothing more.
    func close() {
        definition = .inline
        for case .table(let table) in entries.values { table.close() }
    }

    func node(file: String) -> SettingNode {
        let nodes = entries.mapValues { entry in
            switch entry {
            case .value(let node): node
            case .table(let table): table.node(file: file)
            case .tables(let tables):
                SettingNode(
                    content: .array(tables.elements.map { $0.node(file: file) }),
                    origin: SettingNode.Origin(file: file, line: tables.line))
            }
        }
        return SettingNode(content: .table(nodes), origin: SettingNode.Origin(file: file, line: line))
    }
}

/// The elements that `[[header]]` lines have made so far.
final class TOMLTables {
    var elements: [TOMLTable] = []
    let line: Int

    init(line: Int) { self.line = line }
}
