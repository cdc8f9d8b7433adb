internal import NIOCore

/// Bytes that are written once. Blocks: for threads that may.
protocol ByteSink: AnyObject {
    func write(_ bytes: ByteBuffer) throws(BundleError)

    /// Nothing comes any more: what was written is complete, and safe.
    func finish() throws(BundleError)

    /// Nothing comes any more, and nothing of it is wanted.
    func abandon()
}
