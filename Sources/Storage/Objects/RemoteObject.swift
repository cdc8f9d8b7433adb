public import NIOCore

/// An object that is read over a network, in one piece or in several.
public struct RemoteObject: Sendable {
    /// Bytes.
    public let size: Int64
    /// Another one for each content; nil where the store does not tell, and of what lies there in several pieces.
    public let entity: String?
    private let open: @Sendable (Range<Int64>) -> ObjectBody
    private let makeAddress: @Sendable (Int) async throws(StorageError) -> String?

    /// - Parameters:
    ///   - entity: Another one for each content; nil where nobody tells.
    ///   - address: See ``address(lifetime:)``.
    public init(
        size: Int64, entity: String? = nil,
        address: @escaping @Sendable (Int) async throws(StorageError) -> String? = { _ in nil },
        open: @escaping @Sendable (Range<Int64>) -> ObjectBody
    ) {
        self.size = size
        self.entity = entity
        self.open = open
        makeAddress = address
    }

    /// A URL at which whoever holds it may read the object: a secret. Nil where there can be none.
    ///
    /// - Parameter lifetime: Seconds, at most.
    public func address(lifetime: Int) async throws(StorageError) -> String? { try await makeAddress(lifetime) }

    /// The bytes of a range within the object, asked for when the first of them are read.
    public func body(_ range: Range<Int64>) -> ObjectBody { open(range.clamped(to: 0..<size)) }
}

/// Bytes on their way from a store, for one reader. Letting go of it ends the transfer.
public struct ObjectBody: Sendable {
    private let read: @Sendable () async throws(StorageError) -> ByteBuffer?

    public init(_ read: @escaping @Sendable () async throws(StorageError) -> ByteBuffer?) {
        self.read = read
    }

    /// The next bytes, some at least; nil at the end of what was asked for. Never ends early without an error.
    public func next() async throws(StorageError) -> ByteBuffer? { try await read() }

    /// All of it, which the caller knows to be little.
    public func collect() async throws(StorageError) -> ByteBuffer {
        var whole = ByteBuffer()
        while let piece = try await next() { whole.writeImmutableBuffer(piece) }
        return whole
    }
}
