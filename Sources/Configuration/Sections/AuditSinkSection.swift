/// `[[audit.sink]]`: where it is kept who did what.
public struct AuditSinkSection: Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        case stdout, file
    }

    public let kind: Kind
    /// Of a file.
    public let path: String?
    /// After which another file is begun.
    public let maxSize: DataSize
    /// Older files that stay.
    public let keep: Int

    public init(kind: Kind, path: String? = nil, maxSize: DataSize = .mebibytes(100), keep: Int = 5) {
        self.kind = kind
        self.path = path
        self.maxSize = maxSize
        self.keep = keep
    }
}
