import Foundation
import TestSupport
import Testing

/// The alert rules and the dashboard in `config`, against Prometheus' own tools and the list of metrics.
@Suite struct MonitoringTests {
    private static func path(_ name: String) -> String { Paths.tree.appendingPathComponent(name).path }

    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    @Test func alertsFireWhenTheyShould() async throws {
        try await Stage.with { stage in
            let rules = Self.path("config/prometheus/alerts.yml")
            try await Command("promtool", ["check", "rules", rules]).run()
            let cases = try String(contentsOfFile: Paths.script("alerts-test.yml"), encoding: .utf8)
                .replacingOccurrences(of: "RULES", with: rules)
            let file = try stage.write(cases, to: "alerts-test.yml")
            let tested = try await Command("promtool", ["test", "rules", file.path]).outcome()
            #expect(tested.status == .success, "\(tested.output)")
        }
    }

    /// Metric and labels of every row of the page.
    private static func metrics() throws -> [String: Set<String>] {
        let rows = try text("docs/reference/metrics.md").matches(of: /(?m)^\| `(\w+)` \| (\w+) \| ([^|]*) \|/)
        return rows.reduce(into: [:]) { all, row in
            let labels = Set(row.output.3.matches(of: /`(\w+)`/).map { String($0.1) })
            all[String(row.output.1)] = labels
            guard row.output.2 == "histogram" else { return }
            all["\(row.output.1)_bucket"] = labels.union(["le"])
            all["\(row.output.1)_count"] = labels
            all["\(row.output.1)_sum"] = labels
        }
    }

    @Test(arguments: ["config/prometheus/alerts.yml", "config/grafana/entrepot.json"])
    func onlyMetricsAndLabelsThatThereAreAreAskedFor(file: String) throws {
        let known = try Self.metrics()
        #expect(known.count > 60)
        let text = try Self.text(file).replacingOccurrences(of: "\\\"", with: "\"")
        // What Prometheus adds itself.
        let added: Set = ["instance", "job"]
        let uses = text.matches(of: /\b((?:entrepot|process)_[a-z_]+[a-z])\b(?:\{([^}]*)\})?/)
        #expect(uses.count > 10)
        for use in uses {
            let labels = try #require(known[String(use.output.1)], "\(use.output.1)")
            for label in (use.output.2 ?? "").matches(of: /(\w+)\s*(?:=~|!~|!=|=)/) {
                #expect(labels.union(added).contains(String(label.output.1)), "\(use.output.0)")
            }
        }
    }

    @Test func theDashboardIsWhole() throws {
        struct Dashboard: Decodable {
            struct Panel: Decodable {
                struct Target: Decodable { var expr: String }
                struct Place: Decodable { var x: Int, y: Int, w: Int, h: Int }

                var id: Int
                var type: String
                var gridPos: Place
                var targets: [Target]?
            }

            var panels: [Panel]
        }
        let data = Data(try Self.text("config/grafana/entrepot.json").utf8)
        let panels = try JSONDecoder().decode(Dashboard.self, from: data).panels
        #expect(Set(panels.map(\.id)).count == panels.count)
        #expect(panels.allSatisfy { $0.gridPos.x + $0.gridPos.w <= 24 })
        #expect(panels.allSatisfy { $0.type == "row" || $0.targets?.isEmpty == false })
    }

    /// A dashboard whose queries do not parse shows nothing.
    @Test func prometheusUnderstandsEveryQueryOfTheDashboard() async throws {
        try await Stage.with { stage in
            let text = try Self.text("config/grafana/entrepot.json")
            let queries = text.matches(of: /"expr": ("(?:[^"\\]|\\.)*")/).map { String($0.output.1) }
            #expect(queries.count > 25)
            let rules = queries.enumerated().map { number, query in "      - {record: 'q:\(number)', expr: \(query)}" }
            let file = try stage.write(
                (["groups:", "  - name: dashboard", "    rules:"] + rules).joined(separator: "\n") + "\n",
                to: "queries.yml")
            let checked = try await Command("promtool", ["check", "rules", "--lint=none", file.path]).outcome()
            #expect(checked.status == .success, "\(checked.output)")
        }
    }
}
