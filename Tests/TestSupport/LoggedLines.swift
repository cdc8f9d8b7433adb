public import Logging
internal import NIOConcurrencyHelpers

/// Keeps the messages that are logged.
public struct LoggedLines: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel = Logger.Level.warning
    private let kept = NIOLockedValueBox<[String]>([])

    public init() {}

    public var messages: [String] { kept.withLockedValue { $0 } }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        kept.withLockedValue { $0.append(event.message.description) }
    }
}
