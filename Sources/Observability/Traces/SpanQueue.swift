internal import CoreMetrics
internal import NIOConcurrencyHelpers

/// Spans that wait to be exported. Bounded: what does not fit is dropped and counted, and nobody waits.
public final class SpanQueue: Sendable {
    public static let mostSpans = 4096

    private let limit: Int
    private let spans = NIOLockedValueBox<[FinishedSpan]>([])
    private let dropped = Counter(label: "entrepot_trace_spans_total", dimensions: [("outcome", "dropped")])

    public init(limit: Int = mostSpans) { self.limit = limit }

    func append(_ span: FinishedSpan) {
        let isKept = spans.withLockedValue { spans in
            guard spans.count < limit else { return false }
            spans.append(span)
            return true
        }
        if !isKept { dropped.increment() }
    }

    /// Takes out the oldest.
    func take(atMost count: Int) -> [FinishedSpan] {
        spans.withLockedValue { spans in
            let taken = Array(spans.prefix(count))
            spans.removeFirst(taken.count)
            return taken
        }
    }

    var count: Int { spans.withLockedValue { $0.count } }
}
