public import Observability

/// `[log]`: how much is logged, in which shape, and where.
public struct LogSection: Sendable, Equatable {
    public let level: Level
    /// `[log.levels]`: of components that have one of their own.
    public let levels: [LogComponent: Level]
    public let format: Format
    public let output: Output
    /// A request whose answer takes longer to begin is logged; 0 for none.
    public let slowRequest: Seconds

    public init(
        level: Level = .info, levels: [LogComponent: Level] = [:], format: Format = .text,
        output: Output = .standardError,
        slowRequest: Seconds = .seconds(5)
    ) {
        self.level = level
        self.levels = levels
        self.format = format
        self.output = output
        self.slowRequest = slowRequest
    }

    /// The names are swift-log's.
    public enum Level: String, Sendable, Equatable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    public enum Format: String, Sendable, Equatable, CaseIterable {
        case text, json
    }

    public enum Output: String, Sendable, Equatable, CaseIterable {
        case standardError = "stderr"
        case standardOutput = "stdout"
    }
}
