public import Instrumentation

/// A place in a trace, as it travels between processes (W3C Trace Context, level 1).
public struct TraceContext: Sendable, Equatable {
    static let parentField = "traceparent"
    static let stateField = "tracestate"
    /// Bytes of `tracestate` that are passed on.
    private static let longestState = 512

    let trace: (high: UInt64, low: UInt64)
    let span: UInt64
    /// Whether whoever began the trace wants it to be kept.
    let isSampled: Bool
    /// What others have written into `tracestate`, passed on as it is.
    let state: String

    init(trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool, state: String = "") {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// Nil for a `traceparent` that is none; of a newer version only what this one has is read.
    init?(parent: String, state: String?) {
        let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parent.utf8.count <= 512, let version = Self.number(parts[0], digits: 2),
            version != 0xFF,
            version != 0 || parts.count == 4, parts[1].utf8.count == 32,
            let high = Self.number(parts[1].prefix(16), digits: 16),
            let low = Self.number(parts[1].suffix(16), digits: 16), high != 0 || low != 0,
            let span = Self.number(parts[2], digits: 16), span != 0, let flags = Self.number(parts[3], digits: 2)
        else { return nil }
        let state = state ?? ""
        let isFit = state.utf8.count <= Self.longestState && state.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        self.init(trace: (high, low), span: span, isSampled: flags & 1 == 1, state: isFit ? state : "")
    }

    /// 32 hexadecimal digits.
    public var traceID: String { Self.text(trace.high) + Self.text(trace.low) }

    /// 16 hexadecimal digits.
    var spanID: String { Self.text(span) }

    /// The field's value.
    public var parent: String { "00-\(traceID)-\(spanID)-0\(isSampled ? 1 : 0)" }

    /// The field's value; nil for none.
    public var passedState: String? { state.isEmpty ? nil : state }

    public static func == (left: TraceContext, right: TraceContext) -> Bool {
        left.trace == right.trace && left.span == right.span && left.isSampled == right.isSampled
            && left.state == right.state
    }

    /// Where the task is now; nil outside every trace.
    public static var current: TraceContext? { InstrumentationContext.current?.trace }

    private static func number(_ text: some StringProtocol, digits: Int) -> UInt64? {
        guard text.utf8.count == digits,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return UInt64(text, radix: 16)
    }

    private static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension InstrumentationContext {
    /// 32 hexadecimal digits; nil outside every trace.
    public var traceID: String? { trace?.traceID }

    private enum Key: InstrumentationContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { TraceContext.parentField }
    }

    var trace: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
