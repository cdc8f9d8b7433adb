/// `[log]`: how much is logged, and in which shape.
public struct LogSection: Sendable, Equatable {
    public let level: Level
    public let format: Format

    public init(level: Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }

    /// The names are swift-log's.
    public enum Level: String, Sendable, Equatable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    public enum Format: String, Sendable, Equatable, CaseIterable {
        case text, json
    }
}
