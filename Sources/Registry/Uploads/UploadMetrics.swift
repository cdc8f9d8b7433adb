internal import Metrics

/// What is counted of upload sessions. All of it is made once.
struct UploadMetrics: Sendable {
    let begun = Self.counter("begun")
    let completed = Self.counter("completed")
    /// The content was not what its digest said.
    let refused = Self.counter("refused")
    let cancelled = Self.counter("cancelled")
    let expired = Self.counter("expired")
    let bytes = Counter(label: "entrepot_upload_bytes_total")

    private static func counter(_ event: String) -> Counter {
        Counter(label: "entrepot_uploads_total", dimensions: [("event", event)])
    }
}
