internal import Tracing

/// Spans as OTLP writes them in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`).
struct OTLPText {
    /// `service.name` and the like, in the order in which they are written.
    let resource: [(key: String, value: String)]

    func body(_ spans: [FinishedSpan]) -> String {
        let attributes = resource.map { Self.attribute($0.key, .string($0.value)) }.joined(separator: ",")
        return
            #"{"resourceSpans":[{"resource":{"attributes":[\#(attributes)]},"scopeSpans":[{"scope":{"name":"entrepot"},"#
            + #""spans":[\#(spans.map(Self.span).joined(separator: ","))]}]}]}"#
    }

    private static func span(_ span: FinishedSpan) -> String {
        var text = #"{"traceId":"\#(span.place.traceID)","spanId":"\#(span.place.spanID)""#
        if let parent = span.parent { text += #","parentSpanId":"\#(parent.spanID)""# }
        if let state = span.place.passedState { text += #","traceState":\#(quoted(state))"# }
        text += #","name":\#(quoted(span.name)),"kind":\#(kind(span.kind))"#
        text += #","startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(max(span.end, span.start))""#
        text += #","attributes":[\#(attributes(span.attributes))]"#
        if !span.events.isEmpty {
            let events = span.events.map { event in
                #"{"timeUnixNano":"\#(event.nanosecondsSinceEpoch)","name":\#(quoted(event.name)),"#
                    + #""attributes":[\#(attributes(event.attributes))]}"#
            }
            text += #","events":[\#(events.joined(separator: ","))]"#
        }
        if !span.links.isEmpty {
            let links = span.links.map { #"{"traceId":"\#($0.traceID)","spanId":"\#($0.spanID)"}"# }
            text += #","links":[\#(links.joined(separator: ","))]"#
        }
        if let status = span.status {
            let message = status.message.map { #","message":\#(quoted($0))"# } ?? ""
            text += #","status":{"code":\#(status.code == .error ? 2 : 1)\#(message)}"#
        }
        return text + "}"
    }

    private static func kind(_ kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func attributes(_ attributes: SpanAttributes) -> String {
        var entries: [(key: String, text: String)] = []
        attributes.forEach { entries.append(($0, attribute($0, $1))) }
        return entries.sorted { $0.key < $1.key }.map(\.text).joined(separator: ",")
    }

    private static func attribute(_ key: String, _ value: SpanAttribute) -> String {
        #"{"key":\#(quoted(key)),"value":\#(Self.value(value))}"#
    }

    private static func value(_ value: SpanAttribute) -> String {
        switch value {
        case .int32(let number): #"{"intValue":"\#(number)"}"#
        case .int64(let number): #"{"intValue":"\#(number)"}"#
        case .double(let number) where number.isFinite: #"{"doubleValue":\#(number)}"#
        case .bool(let flag): #"{"boolValue":\#(flag)}"#
        case .string(let text): #"{"stringValue":\#(quoted(text))}"#
        case .stringConvertible(let value): #"{"stringValue":\#(quoted("\(value)"))}"#
        // None of these is written here; libraries' are told as text.
        default: #"{"stringValue":\#(quoted("\(value)"))}"#
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(LogFormat.escaped(text))\"" }
}
