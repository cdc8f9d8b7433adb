import FoundationEssentials

/// Rows of texts under the names of their columns; a text that is absent is left out.
struct Listing {
    let columns: [String]
    var rows: [[String?]] = []

    func print(_ format: ListFormat) throws {
        switch format {
        case .bare: for row in rows { Swift.print(row.first.flatMap { $0 } ?? "") }
        case .table: table()
        case .json: try StoppedStore.print(rows.map(record))
        case .yaml: try yaml()
        }
    }

    private func record(_ row: [String?]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: zip(columns, row).compactMap { key, value in value.map { (key, $0) } })
    }

    private func table() {
        let texts = [columns.map { $0.uppercased() }] + rows.map { $0.map { $0 ?? "" } }
        let widths = columns.indices.map { column in texts.map { $0[column].count }.max() ?? 0 }
        for row in texts {
            var line = ""
            for (column, text) in row.enumerated() {
                line += text
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - text.count + 2) }
            }
            Swift.print(line)
        }
    }

    /// Texts as JSON writes them, which YAML takes as they are.
    private func yaml() throws {
        if rows.isEmpty { Swift.print("[]") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        for row in rows {
            var start = "- "
            for (key, value) in zip(columns, row) {
                guard let value else { continue }
                Swift.print("\(start)\(key): \(String(decoding: try encoder.encode(value), as: UTF8.self))")
                start = "  "
            }
        }
    }
}
