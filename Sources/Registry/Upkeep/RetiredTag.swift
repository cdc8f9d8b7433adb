public import OCI
public import Storage

/// A tag that is to go, as it was when that was decided.
public struct RetiredTag: Sendable, Equatable {
    public let tag: Tag
    public let record: TagRecord
    /// What it goes with: it stays where that is still here. Nil if it is judged by itself.
    public let subject: Digest?

    public init(tag: Tag, record: TagRecord, subject: Digest? = nil) {
        self.tag = tag
        self.record = record
        self.subject = subject
    }
}
