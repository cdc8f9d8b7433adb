internal import NIOConcurrencyHelpers
public import Tracing

/// A span on its way: recorded where its trace is kept, else only a place in it.
public final class RecordedSpan: Span {
    private struct State {
        var name: String
        var attributes = SpanAttributes()
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var status: SpanStatus?
        var isEnded = false
    }

    /// Of one span; what is more is left out.
    private static let mostEvents = 64

    public let context: InstrumentationContext
    let place: TraceContext
    /// Nil for the first of its trace.
    let parent: TraceContext?
    let kind: SpanKind
    /// Nanoseconds since 1970.
    let start: UInt64
    private let state: NIOLockedValueBox<State>
    private let finish: (@Sendable (FinishedSpan) -> Void)?

    /// - Parameter finish: Takes it when it has ended; nil for a span that is not kept.
    init(
        _ name: String, _ place: TraceContext, parent: TraceContext?, context: InstrumentationContext, kind: SpanKind,
        start: UInt64, finish: (@Sendable (FinishedSpan) -> Void)?
    ) {
        var context = context
        context.trace = place
        self.context = context
        self.place = place
        self.parent = parent
        self.kind = kind
        self.start = start
        self.finish = finish
        state = NIOLockedValueBox(State(name: name))
    }

    public var isRecording: Bool { finish != nil && !state.withLockedValue { $0.isEnded } }

    public var operationName: String {
        get { state.withLockedValue { $0.name } }
        set { state.withLockedValue { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLockedValue { $0.attributes } }
        set { if isRecording { state.withLockedValue { $0.attributes = newValue } } }
    }

    public func setStatus(_ status: SpanStatus) { if isRecording { state.withLockedValue { $0.status = status } } }

    public func addEvent(_ event: SpanEvent) {
        guard isRecording else { return }
        state.withLockedValue { if $0.events.count < Self.mostEvents { $0.events.append(event) } }
    }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
        setStatus(SpanStatus(code: .error, message: "\(error)"))
    }

    public func addLink(_ link: SpanLink) {
        guard isRecording else { return }
        state.withLockedValue { if $0.links.count < Self.mostEvents { $0.links.append(link) } }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let last = state.withLockedValue { state -> State? in
            defer { state.isEnded = true }
            return state.isEnded ? nil : state
        }
        guard let finish, let last else { return }
        finish(
            FinishedSpan(
                name: last.name, place: place, parent: parent, kind: kind, start: start,
                end: instant().nanosecondsSinceEpoch, attributes: last.attributes, events: last.events,
                links: last.links.compactMap(\.context.trace), status: last.status))
    }
}

/// A span that has ended, as it is exported.
struct FinishedSpan: Sendable {
    var name: String
    var place: TraceContext
    var parent: TraceContext?
    var kind: SpanKind
    var start: UInt64
    var end: UInt64
    var attributes: SpanAttributes
    var events: [SpanEvent]
    var links: [TraceContext]
    var status: SpanStatus?
}
