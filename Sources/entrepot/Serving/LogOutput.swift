import Configuration
import Logging

extension LoggingSystem {
    /// Sends everything that is logged to standard error, in the configured shape.
    static func bootstrap(_ section: LogSection) {
        let level = Logger.Level(section.level)
        switch section.format {
        case .text:
            bootstrap { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = level
                return handler
            }
        case .json:
            bootstrap { label in JSONLogHandler(label: label, logLevel: level) }
        }
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
