internal import Cluster
internal import Upstream

/// Bytes on their way into a fill, and who sends them.
struct FillTransfer: Sendable {
    enum Sender: Sendable {
        case upstream(any UpstreamRegistry, position: Int)
        /// Another replica, which fetches the same.
        case replica(FillOwner)
        /// The store, to which another replica was faster.
        case store
    }

    let sender: Sender
    let body: UpstreamBody
    /// Of the whole; nil if the sender does not say.
    let totalSize: Int64?
    let entity: String?
    /// Where in the blob the next byte of the body belongs.
    var next: Int64

    init(_ blob: UpstreamBlob, _ sender: Sender) {
        self.sender = sender
        body = blob.body
        totalSize = blob.totalSize
        entity = blob.entity
        next = blob.offset
    }

    /// For logs and blame.
    var name: String {
        switch sender {
        case .upstream(let upstream, _): upstream.name
        case .replica(let owner): owner.address
        case .store: "the store"
        }
    }
}
