#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
public import Logging

/// Where records of who did what go. Nobody waits for a sink; what waits is bounded, and what is dropped is counted with the
/// lines of the log. Records that anybody can cause as often as he likes are folded, so that they cannot push others out of files.
public final class AuditLog: Sendable {
    public enum Sink: Sendable, Equatable {
        case standardOutput
        /// - Parameters:
        ///   - largest: Bytes after which another file is begun.
        ///   - kept: Older files that stay.
        case file(path: String, largest: Int, kept: Int)
    }

    private let sinks: [LogSink]

    /// - Parameter logger: Told where records cannot be written.
    /// - Throws: If a file cannot be written to.
    public init(_ sinks: [Sink], logger: Logger) throws {
        let onLoss = { @Sendable (error: LineWriterError) in
            logger.error("records of the audit are lost", metadata: ["error": "\(error)"])
        }
        self.sinks = try sinks.map { sink in
            switch sink {
            case .standardOutput:
                LogSink(DescriptorWriter(descriptor: STDOUT_FILENO), folding: Self.folding, onLoss: onLoss)
            case .file(let path, let largest, let kept):
                LogSink(
                    try RotatingFileWriter(path: path, largest: largest, kept: kept), folding: Self.folding,
                    onLoss: onLoss)
            }
        }
        for sink in self.sinks { sink.start() }
    }

    public func record(_ record: AuditRecord) {
        let line = record.line
        let since = LogFormat.timestamp()
        for sink in sinks {
            sink.write(line, identity: record.folding?.identity) { record.summary(of: $0, since: since) }
        }
    }

    /// A record a minute of each of 256 kinds, and one of all others.
    static var folding: LogFolding {
        LogFolding(window: .seconds(60)) {
            AuditRecord("others", .denied, fields: [(key: "repeated", value: "\($0)")]).line
        }
    }

    /// Waits a moment for what was recorded to be written; for the end of the program.
    public func flush() { for sink in sinks { sink.flush() } }
}
