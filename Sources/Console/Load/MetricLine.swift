/// A sample of Prometheus' text format: `name{label="value",...} number`.
struct MetricLine: Equatable {
    var name: String
    var labels: [String: String]
    var value: Double

    /// Nil for comments and for what is none.
    init?(_ line: Substring) {
        guard let first = line.utf8.first, first != UInt8(ascii: "#") else { return nil }
        let name = line.prefix { $0 != "{" && $0 != " " }
        var rest = line[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while let (label, value) = Self.label(&rest) { labels[label] = value }
            guard rest.popFirst() == "}" else { return nil }
        }
        // Exemplars and times may follow.
        guard let number = rest.split(separator: " ", maxSplits: 1).first.flatMap({ Double($0) }) else { return nil }
        (self.name, self.labels, value) = (String(name), labels, number)
    }

    private static func label(_ rest: inout Substring) -> (String, String)? {
        guard let equals = rest.firstIndex(of: "="), rest.first != "}" else { return nil }
        let name = String(rest[..<equals])
        rest = rest[rest.index(after: equals)...]
        guard rest.popFirst() == "\"" else {
            rest = ""
            return nil
        }
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" { break }
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case let next?: value.append(next)
            case nil: return nil
            }
        }
        if rest.first == "," { rest.removeFirst() }
        return (name, value)
    }
}
