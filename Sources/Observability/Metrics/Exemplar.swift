/// One observation that stands for a bucket, with the trace in which it was made (OpenMetrics 1.0.0, "Exemplars").
struct Exemplar: Equatable {
    /// 32 hexadecimal digits.
    let traceID: String
    let value: Double
    /// Seconds since 1970.
    let time: Double
}
