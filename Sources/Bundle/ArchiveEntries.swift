public import NIOCore

/// Entries of an archive of another tool, one after the other. Blocks: for threads that may.
public protocol ArchiveEntries: AnyObject, Sendable {
    /// Goes on to the next file or link; what is left of the one before is left out.
    func next() throws(BundleError) -> ArchiveEntry?

    /// The next bytes of the file at hand; nil at its end.
    func read(upTo most: Int) throws(BundleError) -> ByteBuffer?
}
