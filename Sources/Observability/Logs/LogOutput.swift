#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
public import Logging
internal import Synchronization

/// Where everything that is logged goes, in the shape and from the level on that the settings say at the moment.
public struct LogOutput: LogHandler {
    /// What can change while the server runs.
    public struct Settings: Sendable, Equatable {
        public var level: Logger.Level
        /// Of components that have one of their own.
        public var levels: [LogComponent: Logger.Level]
        public var isJSON: Bool
        /// To standard output instead of standard error.
        public var usesStandardOutput: Bool

        public init(
            level: Logger.Level = .info, levels: [LogComponent: Logger.Level] = [:], isJSON: Bool = false,
            usesStandardOutput: Bool = false
        ) {
            self.level = level
            self.levels = levels
            self.isJSON = isJSON
            self.usesStandardOutput = usesStandardOutput
        }

        /// Requests are many: of the access line only those are news that went wrong, unless more is asked for.
        public func level(of component: LogComponent?) -> Logger.Level {
            if let component, let own = levels[component] { return own }
            return component == .access && level >= .info ? max(level, .warning) : level
        }
    }

    /// Of one component: read for every line that may be logged, so without a lock.
    private final class Threshold: Sendable {
        let level = Atomic<Int>(2)
    }

    private static let thresholds = (0...LogComponent.allCases.count).map { _ in Threshold() }
    private static let format = Atomic<Int>(0)
    private static let usesOutput = Atomic<Bool>(false)
    private static let sinks = (
        error: LogSink(DescriptorWriter(descriptor: STDERR_FILENO)),
        output: LogSink(DescriptorWriter(descriptor: STDOUT_FILENO))
    )
    private static let journal = isJournal(STDERR_FILENO)

    private let label: String
    private let threshold: Threshold
    private let folds: Bool
    /// Of a logger that was given a level of its own.
    private var ownLevel: Logger.Level?
    public var metadata: Logger.Metadata = [:]

    /// Makes it the process' output. Once.
    public static func bootstrap(_ settings: Settings) {
        adjust(to: settings)
        sinks.error.start()
        sinks.output.start()
        LoggingSystem.bootstrap { LogOutput(label: $0) }
    }

    public static func adjust(to settings: Settings) {
        let levels = Logger.Level.allCases
        for (threshold, component) in zip(thresholds, LogComponent.allCases.map { $0 } + [nil]) {
            threshold.level.store(levels.firstIndex(of: settings.level(of: component)) ?? 0, ordering: .relaxed)
        }
        format.store(settings.isJSON ? 2 : journal && !settings.usesStandardOutput ? 1 : 0, ordering: .relaxed)
        usesOutput.store(settings.usesStandardOutput, ordering: .relaxed)
    }

    /// Waits a moment for what was logged to be written; for the end of the program.
    public static func flush() {
        sinks.error.flush()
        sinks.output.flush()
    }

    private init(label: String) {
        let component = LogComponent(label: label)
        let index = component.flatMap { LogComponent.allCases.firstIndex(of: $0) } ?? LogComponent.allCases.count
        self.label = label
        threshold = Self.thresholds[index]
        folds = component?.folds ?? true
    }

    public var logLevel: Logger.Level {
        get { ownLevel ?? Logger.Level.allCases[threshold.level.load(ordering: .relaxed)] }
        set { ownLevel = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .map { (key: $0.key, value: $0.value.description) }.sorted { $0.key < $1.key }
        let format: LogFormat =
            switch Self.format.load(ordering: .relaxed) {
            case 2: .json
            case 1: .journal
            default: .text
            }
        let message = event.message.description
        let sink = Self.usesOutput.load(ordering: .relaxed) ? Self.sinks.output : Self.sinks.error
        let line = format.line(event.level, label, message, fields)
        // Who asks for more wants all of it.
        let identity = folds && event.level >= .notice ? Self.identity(event.level, label, message, fields) : nil
        sink.write(line, identity: identity) { [label] count in
            format.line(event.level, label, message, fields + [("repeated", "\(count)")])
        }
        if event.level == .critical { sink.flush() }
    }

    /// Fields that differ for each request, and say nothing of what happened.
    private static let own: Set<String> = ["id", "request", "request_id", "trace_id", "milliseconds"]

    private static func identity(
        _ level: Logger.Level, _ label: String, _ message: String, _ fields: [(key: String, value: String)]
    ) -> String {
        var identity = "\(level)\u{0}\(label)\u{0}\(message)"
        for (key, value) in fields where !own.contains(key) { identity += "\u{0}\(key)\u{0}\(value)" }
        return identity
    }

    /// Whether the descriptor leads to systemd's journal (`$JOURNAL_STREAM`, systemd.exec(5)).
    private static func isJournal(_ descriptor: CInt) -> Bool {
        guard let stream = getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }
}
