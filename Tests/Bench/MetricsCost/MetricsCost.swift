import CoreMetrics
import DistributionAPI
import Dispatch
import OCI
import Observability

/// What counting one request costs, and what a scrape costs, each measured alone: `swift run -c release metrics-cost`.
@main enum MetricsCost {
    static func main() {
        let registry = MetricsRegistry(MetricCatalogue.all)
        MetricsSystem.bootstrap(registry)
        let names = (1...50).compactMap { RepositoryName("mirror-\($0).example.com") }
        let metrics = RequestMetrics(namespaces: names)
        guard let repository = RepositoryName("library/nginx"), let tag = Tag("latest") else {
            fatalError("names are valid")
        }
        let action = Action.getManifest(repository, .tag(tag))

        @Sendable func count(_ times: Int) {
            for number in 0..<times {
                metrics.count(
                    action, names[number % names.count], RequestMetrics.Outcome("entrepot; hit; ttl=599"),
                    RequestMetrics.Answer(
                        status: 200, nanoseconds: Int64(20_000 + number % 1000), firstByteNanoseconds: 20_000,
                        bytes: 2048))
            }
        }

        func nanoseconds(_ work: () -> Void) -> Double {
            let began = DispatchTime.now().uptimeNanoseconds
            work()
            return Double(DispatchTime.now().uptimeNanoseconds - began)
        }

        let times = 2_000_000
        count(times / 10)
        let alone = nanoseconds { count(times) } / Double(times)
        // Two event loops that count the same at the same time.
        let together =
            nanoseconds { DispatchQueue.concurrentPerform(iterations: 2) { _ in count(times) } } / Double(times)
        print("count: \(Int(alone)) ns alone, \(Int(together)) ns each for two at once")

        for format in [MetricsText.Format.prometheus, .openMetrics] {
            let text = MetricsText(format)
            var length = 0
            let scrapes = 200
            let each =
                nanoseconds { for _ in 0..<scrapes { length = text.scrape(registry).utf8.count } } / Double(scrapes)
            print("scrape: \(format), \(length) bytes, \(Int(each / 1000)) us")
        }
    }
}
