import Configuration
import Logging
import Synchronization

/// Where everything that is logged goes: standard error, in the shape and from the level on that the configuration says
/// at the moment.
struct LogOutput: LogHandler {
    // Read for every line that may be logged, so without a lock.
    private static let level = Atomic<Int>(2)
    private static let isJSON = Atomic<Bool>(false)
    private static let levels = Logger.Level.allCases

    private var text: StreamLogHandler
    private var json: JSONLogHandler
    /// Of a logger that was given a level of its own.
    private var ownLevel: Logger.Level?

    static func bootstrap(_ section: LogSection) {
        adjust(to: section)
        LoggingSystem.bootstrap { LogOutput(label: $0) }
    }

    static func adjust(to section: LogSection) {
        level.store(levels.firstIndex(of: Logger.Level(section.level)) ?? 0, ordering: .relaxed)
        isJSON.store(section.format == .json, ordering: .relaxed)
    }

    private init(label: String) {
        text = StreamLogHandler.standardError(label: label)
        json = JSONLogHandler(label: label, logLevel: .trace)
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? Self.levels[Self.level.load(ordering: .relaxed)] }
        set { ownLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { json.metadata }
        set {
            json.metadata = newValue
            text.metadata = newValue
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { json[metadataKey: key] }
        set {
            json[metadataKey: key] = newValue
            text[metadataKey: key] = newValue
        }
    }

    func log(event: LogEvent) {
        if Self.isJSON.load(ordering: .relaxed) { json.log(event: event) } else { text.log(event: event) }
    }
}

extension Logger.Level {
    init(_ level: LogSection.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
