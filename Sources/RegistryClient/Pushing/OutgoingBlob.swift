internal import CurlClient
internal import Hashing
public import NIOCore
public import OCI
internal import Upstream

/// A blob that is pushed: from memory, or from an open file without being held there.
public struct OutgoingBlob: Sendable {
    private enum Source: Sendable {
        case bytes(ByteBuffer)
        case file(descriptor: CInt, owner: any AnyObject & Sendable)
    }

    public let digest: Digest
    /// Bytes.
    public let size: Int64
    /// Told how much of the blob has been sent; less than before where some of it is sent again. Called on a thread that sends
    /// others as well: it must not block.
    public var progress: (@Sendable (Int64) -> Void)?
    private let source: Source

    public init(_ bytes: ByteBuffer) {
        digest = Digest(hashing: bytes)
        size = Int64(bytes.readableBytes)
        source = .bytes(bytes)
    }

    /// - Parameters:
    ///   - descriptor: Open for reading as long as `owner` lives.
    ///   - digest: Checked by the registry.
    public init(descriptor: CInt, owner: any AnyObject & Sendable, digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
        source = .file(descriptor: descriptor, owner: owner)
    }

    func body(from start: Int64, length: Int64) -> UpstreamRequest.Body {
        switch source {
        case .bytes(let bytes):
            .bytes(bytes.getSlice(at: bytes.readerIndex + Int(start), length: Int(length)) ?? ByteBuffer())
        case .file(let descriptor, let owner):
            .file(
                CurlFileBody(descriptor: descriptor, from: start, length: length, owner: owner, progress: progress))
        }
    }
}

/// How a blob came to be where it was pushed to.
public enum PushedBlob: Sendable, Equatable {
    /// It was there.
    case present
    /// The registry took it from another of its repositories.
    case mounted
    case uploaded
}
