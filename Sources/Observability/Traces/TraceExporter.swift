internal import CoreMetrics
public import Logging
public import ServiceLifecycle

/// Hands spans to a collector over OTLP/HTTP, in batches, in the background. A collector that is slow or gone costs spans and
/// nothing else.
public struct TraceExporter: Service {
    /// What a collector said, as far as it matters.
    public enum Answer: Sendable {
        case taken
        /// To be tried again; seconds, where it says when.
        case later(Int?)
        case refused(String)
    }

    static let batch = 512
    /// Tries of one batch.
    private static let mostTries = 4

    private let queue: SpanQueue
    private let text: OTLPText
    private let send: @Sendable (String) async -> Answer
    private let pause: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let exported = Counter(label: "entrepot_trace_spans_total", dimensions: [("outcome", "exported")])
    private let failed = Counter(label: "entrepot_trace_spans_total", dimensions: [("outcome", "failed")])

    /// - Parameters:
    ///   - resource: What the spans are of: `service.name` and the like.
    ///   - send: Sends one body and tells the collector's answer; ends in a bounded time.
    ///   - pause: Waits so long; throws where the program ends.
    public init(
        queue: SpanQueue, resource: [(key: String, value: String)], logger: Logger,
        send: @escaping @Sendable (String) async -> Answer,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.queue = queue
        text = OTLPText(resource: resource)
        self.logger = logger
        self.send = send
        self.pause = pause
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await pause(.seconds(1)) } catch { break }
                while queue.count > 0, !Task.isCancelled { await export() }
            }
        }
        // What was traced last, if the collector takes it at once.
        if queue.count > 0 { await export(tries: 1) }
    }

    /// Sends one batch, trying again where that may help.
    func export(tries: Int = mostTries) async {
        let spans = queue.take(atMost: Self.batch)
        guard !spans.isEmpty else { return }
        let body = text.body(spans)
        var wait = Duration.seconds(1)
        var reason = ""
        for number in 1...tries {
            switch await send(body) {
            case .taken: return exported.increment(by: spans.count)
            case .refused(let what):
                reason = what
            case .later(let seconds):
                reason = "it asks to be left alone, or cannot be reached"
                guard number < tries else { break }
                do { try await pause(seconds.map { .seconds(min($0, 60)) } ?? wait) } catch { break }
                wait *= 2
                continue
            }
            break
        }
        failed.increment(by: spans.count)
        logger.warning(
            "spans were not taken by the collector", metadata: ["spans": "\(spans.count)", "reason": "\(reason)"])
    }
}
