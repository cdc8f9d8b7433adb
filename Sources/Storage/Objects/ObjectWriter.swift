public import NIOCore

/// An object on its way into a store, piece by piece, of which nothing is visible before it is finished. For one writer.
public protocol ObjectWriter: Sendable {
    /// Pieces of the store's ``ObjectStore/appendSize``, but for the last.
    func append(_ bytes: ByteBuffer) async throws(StorageError)

    /// Makes the whole visible. To be called once, and nothing else after it.
    func finish() async throws(StorageError)

    /// Leaves nothing behind, as far as that is possible.
    func giveUp() async
}
