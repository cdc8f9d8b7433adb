public import NIOCore
public import OCI
public import Upstream

/// A manifest as a client sends it.
public struct IncomingManifest: Sendable {
    public let bytes: ByteBuffer
    /// As the client declares it beside the content; nil if it does not.
    public let mediaType: MediaType?
    /// Under which it is pushed.
    public let reference: Reference
    /// Further tags that are to name it.
    public let tags: [Tag]
    /// Of what ``reference`` names until then.
    public let condition: PushCondition
    /// The share of memory that it takes; nil for one so small that it is not counted.
    let room: ByteBudget.Share?

    public init(
        bytes: ByteBuffer, mediaType: MediaType?, reference: Reference, tags: [Tag] = [],
        condition: PushCondition = PushCondition(), room: ByteBudget.Share? = nil
    ) {
        self.bytes = bytes
        self.mediaType = mediaType
        self.reference = reference
        self.tags = tags
        self.condition = condition
        self.room = room
    }
}
