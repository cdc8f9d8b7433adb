internal import Synchronization
public import Tracing

/// The process' tracer: begins spans, decides which traces are kept, and reads and writes W3C's fields.
public final class SpanTracer: Tracer {
    /// Of traces that begin here, how many are kept: 0 to 1. Who came with a trace has decided.
    let samplingRate: Double
    let queue: SpanQueue

    public init(samplingRate: Double, queue: SpanQueue) {
        self.samplingRate = samplingRate
        self.queue = queue
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        let context = context()
        let parent = context.trace
        let place: TraceContext
        if let parent {
            place = TraceContext(
                trace: parent.trace, span: Self.identifier(), isSampled: parent.isSampled, state: parent.state)
        } else {
            let trace = (high: UInt64.random(in: .min ... .max), low: Self.identifier())
            place = TraceContext(trace: trace, span: Self.identifier(), isSampled: isKept(trace.low))
        }
        let keep: @Sendable (FinishedSpan) -> Void = { [queue] span in queue.append(span) }
        return RecordedSpan(
            operationName, place, parent: parent, context: context, kind: kind, start: instant().nanosecondsSinceEpoch,
            finish: place.isSampled ? keep : nil)
    }

    /// By the trace's own number, so that everybody who uses the same rate keeps the same traces.
    func isKept(_ low: UInt64) -> Bool {
        guard samplingRate < 1 else { return true }
        return Double(low >> 11) < samplingRate * Double(UInt64(1) << 53)
    }

    private static func identifier() -> UInt64 { .random(in: 1 ... .max) }

    public func forceFlush() {}

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: TraceContext.parentField, from: carrier) else { return }
        context.trace = TraceContext(
            parent: parent, state: extractor.extract(key: TraceContext.stateField, from: carrier))
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.trace else { return }
        injector.inject(place.parent, forKey: TraceContext.parentField, into: &carrier)
        if let state = place.passedState { injector.inject(state, forKey: TraceContext.stateField, into: &carrier) }
    }
}

/// Whether requests are traced, asked on paths where nothing may be spent if they are not.
public enum Traces {
    private static let on = Atomic<Bool>(false)

    public static var isOn: Bool { on.load(ordering: .relaxed) }

    /// Makes it the process' tracer. Once.
    public static func bootstrap(_ tracer: SpanTracer) {
        InstrumentationSystem.bootstrap(tracer)
        on.store(true, ordering: .relaxed)
    }
}

/// Runs `body` within a span of its own, if requests are traced.
///
/// - Parameter context: Where the span belongs; nil for where the task is.
public func traced<Value, Failure: Error>(
    _ name: @autoclosure () -> String, kind: SpanKind = .internal, context: InstrumentationContext? = nil,
    attributes: @autoclosure () -> SpanAttributes = [:], isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    guard Traces.isOn else { return try await body() }
    let span = startSpan(name(), context: context ?? .current ?? .topLevel, ofKind: kind)
    span.attributes = attributes()
    let result: Result<Value, Failure> = await InstrumentationContext.withValue(span.context) {
        do throws(Failure) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
    if case .failure(let error) = result { span.recordError(error) }
    span.end()
    return try result.get()
}
