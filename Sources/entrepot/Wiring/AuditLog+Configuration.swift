import Configuration
import Logging
import Observability

extension AuditLog {
    /// Nil where nobody keeps records.
    ///
    /// - Throws: If a file cannot be written to.
    convenience init?(_ sections: [AuditSinkSection], logger: Logger) throws {
        guard !sections.isEmpty else { return nil }
        try self.init(
            sections.map { section in
                guard let path = section.path else { return .standardOutput }
                return .file(path: path, largest: section.maxSize.bytes, kept: section.keep)
            }, logger: logger)
    }
}
