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
        text.reserveCapacity(256 << 10)
        for family in registry.scrape() { write(family, to: &text) }
        if format == .openMetrics { text += "# EOF\n" }
        return text
    }

    private func write(_ family: MetricFamily, to text: inout String) {
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
        if format == .openMetrics, let unit = Self.units.first(where: { name.hasSuffix("_\($0)") }) {
            text += "# UNIT \(name) \(unit)\n"
        }
        var bounds: [String] = []
        if case .histogram(let limits) = description.kind {
            bounds = (limits + [.infinity]).map { Self.label("le", Self.text($0)) }
        }
        for member in family.members {
            switch member.series.sample {
            case .number(let number):
                text += description.name
                Self.write(member.labels, to: &text)
                text += Self.text(number)
                text += "\n"
            case .histogram(let counts, let sum, let exemplars):
                write(name, member.labels, counts, sum, exemplars, bounds, to: &text)
            }
        }
    }

    /// - Parameter bounds: The label of each bucket, as text.
    private func write(
        _ name: String, _ labels: String, _ counts: [UInt64], _ sum: Double, _ exemplars: [Exemplar?],
        _ bounds: [String], to text: inout String
    ) {
        let head = labels.isEmpty ? "\(name)_bucket{" : "\(name)_bucket{\(labels),"
        var total: UInt64 = 0
        for (index, bound) in bounds.enumerated() {
            total += counts[index]
            text += head
            text += bound
            text += "} "
            text += String(total)
            if format == .openMetrics, index < exemplars.count, let exemplar = exemplars[index] {
                text += " # {trace_id=\"\(exemplar.traceID)\"} \(Self.text(exemplar.value)) \(exemplar.time)"
            }
            text += "\n"
        }
        text += name
        text += "_sum"
        Self.write(labels, to: &text)
        text += Self.text(sum)
        text += "\n"
        text += name
        text += "_count"
        Self.write(labels, to: &text)
        text += String(total)
        text += "\n"
    }

    /// Those of the names' last words that are units.
    private static let units = ["seconds", "bytes"]

    private static func write(_ labels: String, to text: inout String) {
        if labels.isEmpty {
            text += " "
        } else {
            text += "{"
            text += labels
            text += "} "
        }
    }

    /// One label as it stands in a scrape.
    static func label(_ name: String, _ value: String) -> String { "\(name)=\"\(escaped(value, quotes: true))\"" }

    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: number) { return String(whole) }
        return "\(number)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let special = "\\\n\"".utf8
        // Hundreds of labels are made at the start, and hardly one has any.
        guard text.utf8.contains(where: { special.contains($0) }) else { return text }
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
