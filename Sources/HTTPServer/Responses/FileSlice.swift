/// Owns an open file descriptor and keeps it open as long as it lives.
public protocol DescriptorHolder: AnyObject, Sendable {
    /// Readable with `pread(2)` and `sendfile(2)`; the edge never moves its offset and never closes it.
    var descriptor: CInt { get }
}

/// Consecutive bytes of an open file.
public struct FileSlice: Sendable {
    public let file: any DescriptorHolder
    /// Where the slice begins, in bytes from the start of the file.
    public let offset: Int64
    /// In bytes.
    public let length: Int64

    public init(file: any DescriptorHolder, offset: Int64, length: Int64) {
        precondition(offset >= 0 && length >= 0, "a file slice has a non-negative offset and length")
        self.file = file
        self.offset = offset
        self.length = length
    }
}
