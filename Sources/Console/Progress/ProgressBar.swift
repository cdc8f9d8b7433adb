internal import NIOConcurrencyHelpers

/// How far something is that takes long: a bar with rate and estimate where a person looks on, a line now and then where
/// nobody does, or nothing.
public final class ProgressBar: Sendable {
    public enum Unit: Sendable {
        case bytes
        /// What is counted, as a word in the plural.
        case items(String)
    }

    public enum Style: Sendable, Equatable {
        case bar
        /// One each ten seconds.
        case lines
        case none

        /// A bar on a terminal; elsewhere lines, for who wants them.
        public static func ofStandardError(isWanted: Bool) -> Style {
            TextOutput.standardError.isTerminal ? .bar : isWanted ? .lines : .none
        }
    }

    private struct State {
        var done: Int64 = 0
        var total: Int64?
        /// When and at how much the rate was looked at.
        var mark: (time: Duration, done: Int64)?
        /// A second.
        var rate: Double?
        var drawn: Duration?
        var isShown = false
        var isEnded = false
    }

    private let what: String
    private let unit: Unit
    private let style: Style
    private let now: @Sendable () -> Duration
    private let write: @Sendable (String) -> Void
    private let columns: @Sendable () -> Int
    private let start: Duration
    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - what: What is being done, in a word.
    ///   - total: How much there is; nil if nobody knows.
    public convenience init(_ what: String, unit: Unit = .bytes, total: Int64? = nil, style: Style) {
        let start = ContinuousClock.now
        self.init(
            what, unit: unit, total: total, style: style, now: { ContinuousClock.now - start },
            columns: { (TerminalSize(of: .standardError) ?? .usual).columns },
            write: { TextOutput.standardError.write($0) })
    }

    init(
        _ what: String, unit: Unit, total: Int64?, style: Style, now: @escaping @Sendable () -> Duration,
        columns: @escaping @Sendable () -> Int, write: @escaping @Sendable (String) -> Void
    ) {
        self.what = what
        self.unit = unit
        self.style = style
        self.now = now
        self.columns = columns
        self.write = write
        start = now()
        var state = State()
        state.total = total.flatMap { $0 > 0 ? $0 : nil }
        self.state = NIOLockedValueBox(state)
    }

    /// So much more is done.
    public func add(_ count: Int64) { update { $0.done += count } }

    /// So much is done in all, of so much.
    public func set(_ done: Int64, of total: Int64?) {
        update { state in
            state.done = done
            state.total = total.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// Has something else written to the terminal, and the bar again below it.
    public func aside<Value>(_ body: () throws -> Value) rethrows -> Value {
        try state.withLockedValue { state in
            clear(&state)
            return try body()
        }
    }

    /// Nothing more comes. The bar goes: what came of it is told by others.
    public func end() {
        state.withLockedValue { state in
            clear(&state)
            state.isEnded = true
        }
    }

    private func clear(_ state: inout State) {
        guard state.isShown else { return }
        write("\r\u{1B}[K")
        state.isShown = false
        state.drawn = nil
    }

    private func update(_ change: (inout State) -> Void) {
        guard style != .none else { return }
        state.withLockedValue { state in
            change(&state)
            guard !state.isEnded else { return }
            let time = now() - start
            // What is done within the first moments needs no bar.
            let pause: Duration = style == .bar ? .milliseconds(100) : .seconds(10)
            guard time - (state.drawn ?? .zero) >= pause else { return }
            note(&state, time)
            state.drawn = time
            if style == .bar {
                write("\r" + line(state, time, columns()) + "\u{1B}[K")
                state.isShown = true
            } else {
                write(line(state, time, nil) + "\n")
            }
        }
    }

    /// The rate of the last five seconds or so.
    private func note(_ state: inout State, _ time: Duration) {
        let mark = state.mark ?? (.zero, 0)
        let seconds = (time - mark.time).inSeconds
        guard seconds > 0 else { return }
        let current = max(Double(state.done - mark.done), 0) / seconds
        state.rate = state.rate.map { $0 + (current - $0) * min(1, seconds / 5) } ?? current
        state.mark = (time, state.done)
    }

    private func line(_ state: State, _ time: Duration, _ columns: Int?) -> String {
        ProgressLine(
            what: what, unit: unit, done: state.done, total: state.total, rate: state.rate ?? 0, seconds: time.inSeconds
        ).text(columns: columns)
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
