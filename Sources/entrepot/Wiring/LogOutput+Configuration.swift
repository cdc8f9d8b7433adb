import Configuration
import Logging
import Observability

extension LogOutput.Settings {
    init(_ section: LogSection) {
        self.init(
            level: Logger.Level(section.level), levels: section.levels.mapValues(Logger.Level.init),
            isJSON: section.format == .json, usesStandardOutput: section.output == .standardOutput)
    }
}

extension Logger {
    init(_ component: LogComponent) { self.init(label: component.label) }
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
