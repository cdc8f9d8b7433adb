/// One metric with all its series, in the order in which a scrape shows them.
struct MetricFamily {
    struct Member {
        /// In the order of the description's labels.
        let values: [String]
        /// `a="x",b="y"`, escaped: written once, since it is shown at every scrape.
        let labels: String
        let series: any MetricSeries
    }

    let description: MetricDescription
    private(set) var members: [Member] = []
    private var places: [[String]: any MetricSeries] = [:]

    init(_ description: MetricDescription) { self.description = description }

    subscript(values: [String]) -> (any MetricSeries)? { places[values] }

    mutating func add(_ series: any MetricSeries, _ values: [String]) {
        let labels = zip(description.labels, values).map { MetricsText.label($0, $1) }.joined(separator: ",")
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].values.lexicographicallyPrecedes(values) { low = middle + 1 } else { high = middle }
        }
        members.insert(Member(values: values, labels: labels, series: series), at: low)
        places[values] = series
    }
}
