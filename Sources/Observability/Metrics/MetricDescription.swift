/// What one metric is, for `HELP`, `TYPE` and the reference.
public struct MetricDescription: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// Upper bounds, ascending, in the metric's unit; what is above the last counts in `+Inf`.
        case histogram(buckets: [Double])
    }

    /// As it is exposed: with unit, and `_total` for counters.
    public let name: String
    public let kind: Kind
    /// One sentence without a full stop.
    public let help: String
    /// The names of its labels; each has a bounded number of values.
    public let labels: [String]

    public init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}

extension MetricDescription.Kind {
    /// From a warm manifest of 200 microseconds to a blob that takes ten minutes.
    public static let seconds = Self.histogram(buckets: [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180,
        600,
    ])
}
