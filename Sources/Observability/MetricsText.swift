/// A scrape as text: Prometheus' format 0.0.4, or OpenMetrics 1.0.0.
public struct MetricsText: Sendable {
    public enum Format: Sendable {
        case prometheus
        case openMetrics

        /// What an `Accept` field asks for; Prometheus' own where it names neither. Of both the one with the higher `q`.
        public init(accept: String?) {
            var best = (format: Format.prometheus, weight: 0.0)
            for part in (accept ?? "").split(separator: ",").prefix(20) {
                let pieces = part.split(separator: ";").map { $0.filter { $0 != " " } }
                let format: Format
                switch pieces.first {
                case "application/openmetrics-text": format = .openMetrics
                case "text/plain", "text/*", "*/*": format = .prometheus
                default: continue
                }
                let weight = pieces.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
                if weight > best.weight { best = (format, weight) }
            }
            self = best.format
        }

        /// For `Content-Type`.
        public var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    public let format: Format

    public init(_ format: Format) { self.format = format }

    public func scrape(_ registry: MetricsRegistry) -> String {
        var text = ""
        for family in registry.scrape() { write(family, to: &text) }
        if format == .openMetrics { text += "# EOF\n" }
        return text
    }

    private func write(_ family: MetricsRegistry.Family, to text: inout String) {
        let description = family.description
        // OpenMetrics names the family without the suffix that its samples have.
        let suffix = "_total"
        let isShort = format == .openMetrics && description.kind == .counter && description.name.hasSuffix(suffix)
        let name = isShort ? String(description.name.dropLast(suffix.count)) : description.name
        let type =
            switch description.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        text += "# HELP \(name) \(Self.escaped(description.help, quotes: format == .openMetrics))\n"
        text += "# TYPE \(name) \(type)\n"
        for (values, series) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let labels = Array(zip(description.labels, values))
            switch (series.sample, description.kind) {
            case (.number(let number), _): text += "\(description.name)\(Self.text(labels)) \(Self.text(number))\n"
            case (.histogram(let counts, let sum), .histogram(let bounds)):
                var total: UInt64 = 0
                for (count, bound) in zip(counts, bounds + [.infinity]) {
                    total += count
                    text += "\(name)_bucket\(Self.text(labels + [("le", Self.text(bound))])) \(total)\n"
                }
                text += "\(name)_sum\(Self.text(labels)) \(Self.text(sum))\n"
                text += "\(name)_count\(Self.text(labels)) \(total)\n"
            default: break
            }
        }
    }

    private static func text(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    static func text(_ number: Double) -> String {
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: number) { return String(whole) }
        return "\(number)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
