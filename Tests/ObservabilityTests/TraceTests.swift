import Instrumentation
import Logging
import NIOConcurrencyHelpers
import Testing
import Tracing

@testable import Observability

@Suite struct TraceTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private struct Fields: Extractor, Injector {
        func extract(key: String, from fields: [String: String]) -> String? { fields[key] }
        func inject(_ value: String, forKey key: String, into fields: inout [String: String]) { fields[key] = value }
    }

    @Test func aPlaceInATraceIsReadAndWrittenAsTheRecommendationSays() throws {
        let place = try #require(TraceContext(parent: Self.parent, state: "a=1,b=2"))
        #expect(place.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(place.spanID == "b7ad6b7169203331")
        #expect(place.isSampled)
        #expect(place.parent == Self.parent)
        #expect(place.passedState == "a=1,b=2")
        #expect(TraceContext(parent: "01" + Self.parent.dropFirst(2) + "-more", state: nil) != nil)
    }

    @Test(
        arguments: [
            "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", Self.parent + "-x",
            "ff" + Self.parent.dropFirst(2), "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", Self.parent.uppercased(),
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033310-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ])
    func whatIsNoPlaceIsNone(parent: String) {
        #expect(TraceContext(parent: parent, state: nil) == nil)
    }

    @Test func aStateThatIsTooLongOrNoTextIsNotPassedOn() {
        for state in [String(repeating: "x", count: 513), "a=\n"] {
            #expect(TraceContext(parent: Self.parent, state: state)?.passedState == nil)
        }
    }

    @Test func whoComesWithATraceDecidesWhetherItIsKept() {
        for (rate, flags, isKept) in [(0.0, "01", true), (1.0, "00", false)] {
            let queue = SpanQueue()
            let tracer = SpanTracer(samplingRate: rate, queue: queue)
            var context = InstrumentationContext.topLevel
            tracer.extract(
                ["traceparent": String(Self.parent.dropLast(2)) + flags, "tracestate": "a=1"], into: &context,
                using: Fields())
            let span = tracer.startSpan("x", context: context, ofKind: .server)
            #expect(span.isRecording == isKept)
            #expect(span.place.traceID == "0af7651916cd43dd8448eb211c80319c")
            #expect(span.parent?.spanID == "b7ad6b7169203331")
            var fields: [String: String] = [:]
            tracer.inject(span.context, into: &fields, using: Fields())
            #expect(fields["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-\(span.place.spanID)-\(flags)")
            #expect(fields["tracestate"] == "a=1")
            span.end()
            #expect(queue.count == (isKept ? 1 : 0))
        }
    }

    @Test(arguments: [(0.0, 0...0), (0.25, 2200...2800), (1.0, 10_000...10_000)])
    func ofTracesThatBeginHereSomeAreKept(rate: Double, expected: ClosedRange<Int>) {
        let tracer = SpanTracer(samplingRate: rate, queue: SpanQueue())
        var generator = SystemRandomNumberGenerator()
        let kept = (0..<10_000).count { _ in tracer.isKept(generator.next()) }
        #expect(expected.contains(kept))
    }

    @Test func whatDoesNotFitIsDroppedAndNobodyWaits() {
        let queue = SpanQueue(limit: 2)
        let tracer = SpanTracer(samplingRate: 1, queue: queue)
        for number in 0..<5 { tracer.startSpan("\(number)", context: .topLevel, ofKind: .internal).end() }
        #expect(queue.take(atMost: 10).map(\.name) == ["0", "1"])
    }

    @Test func spansAreWrittenAsOTLPHasThem() throws {
        let place = try #require(TraceContext(parent: Self.parent, state: nil))
        let parent = TraceContext(trace: place.trace, span: 1, isSampled: true)
        let span = FinishedSpan(
            name: "GET \"x\"", place: place, parent: parent, kind: .server, start: 5, end: 7,
            attributes: ["n": .int64(3), "ok": .bool(true), "s": .string("a")], events: [], links: [],
            status: SpanStatus(code: .error, message: "bad"))
        #expect(
            OTLPText(resource: [(key: "service.name", value: "entrepot")]).body([span])
                == #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"entrepot"}}]},"#
                + #""scopeSpans":[{"scope":{"name":"entrepot"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","#
                + #""spanId":"b7ad6b7169203331","parentSpanId":"0000000000000001","name":"GET \"x\"","kind":2,"#
                + #""startTimeUnixNano":"5","endTimeUnixNano":"7","attributes":[{"key":"n","value":{"intValue":"3"}},"#
                + #"{"key":"ok","value":{"boolValue":true}},{"key":"s","value":{"stringValue":"a"}}],"#
                + #""status":{"code":2,"message":"bad"}}]}]}]}"#)
    }

    @Test func aCollectorIsAskedAgainAndThenLeftAlone() async {
        let queue = SpanQueue()
        let tracer = SpanTracer(samplingRate: 1, queue: queue)
        let asked = NIOLockedValueBox(0)
        let waited = NIOLockedValueBox<[Duration]>([])
        let exporter = TraceExporter(
            queue: queue, resource: [], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            send: { _ in
                asked.withLockedValue { $0 += 1 }
                return .later(asked.withLockedValue { $0 } == 2 ? 7 : nil)
            }, pause: { duration in waited.withLockedValue { $0.append(duration) } })
        tracer.startSpan("x", context: .topLevel, ofKind: .internal).end()
        await exporter.export()
        #expect(asked.withLockedValue { $0 } == 4)
        #expect(waited.withLockedValue { $0 } == [.seconds(1), .seconds(7), .seconds(4)])
        #expect(queue.count == 0)
    }
}
