internal import Access
internal import Hashing
internal import NIOCore
internal import OCI

/// Whom an upload session belongs to: nobody else goes on with it, ends it, or learns how far it is.
///
/// The session's name says it, so that nothing is stored and every replica knows. Without a secret: who learns the name of another's
/// session cannot change whose it is without naming another session.
struct UploadOwner {
    private let name: String

    init(_ identity: Identity) {
        if let id = identity.id {
            name = "identity\0\(id)"
        } else if let certificate = identity.origin.certificate {
            let names = certificate.commonNames + ["\0"] + certificate.organizations
            name = "certificate\0\(names.map { "\($0.utf8.count):\($0)" }.joined())"
        } else {
            name = "anonymous"
        }
    }

    func newUpload() -> UploadID { UploadID(markedBy: mark) }

    /// Sessions that others began, distribution among them, have no owner.
    func mayUse(_ id: UploadID) -> Bool { id.isMarked(by: mark) ?? true }

    private func mark(_ random: UInt64) -> UInt64 {
        let digest = Digest(hashing: ByteBuffer(string: "entrepot upload\0\(random)\0\(name)"))
        return UInt64(digest.hex.prefix(16), radix: 16) ?? 0
    }
}
