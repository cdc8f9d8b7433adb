import DistributionAPI
import Foundation
import Observability
import Testing

/// What is counted, what is described and what the reference says are the same.
@Suite struct MetricCatalogueTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func sources() throws -> String {
        let folder = root.appendingPathComponent("Sources")
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
    }

    @Test func everyMetricThatIsCountedIsDescribedAndTheOtherWayRound() throws {
        let labels = try Self.sources().matches(of: /label: "((entrepot|process)_[a-z0-9_]+)"/).map { String($0.1) }
        #expect(Set(labels) == Set(MetricCatalogue.all.map(\.name)))
    }

    @Test func theReferenceHasARowForEachAndForNothingElse() throws {
        let page = try String(
            contentsOf: Self.root.appendingPathComponent("docs/reference/metrics.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let expected = MetricCatalogue.all.map { metric in
            let kind =
                switch metric.kind {
                case .counter: "counter"
                case .gauge: "gauge"
                case .histogram: "histogram"
                }
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(kind) | \(labels) | \(metric.help) |"
        }
        let own = "entrepot_metrics_series_dropped_total"
        #expect(Set(rows.map(String.init).filter { !$0.contains(own) }) == Set(expected))
        #expect(rows.contains { $0.contains(own) })
    }

    @Test func namesFollowTheConventionsOfPrometheus() {
        #expect(Set(MetricCatalogue.all.map(\.name)).count == MetricCatalogue.all.count)
        for metric in MetricCatalogue.all {
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(!metric.help.hasSuffix("."))
            #expect(metric.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil)
            #expect(metric.labels.allSatisfy { $0.wholeMatch(of: /[a-z]+/) != nil })
        }
    }
}
