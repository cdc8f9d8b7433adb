public import NIOCore

/// How far the content of an upload was hashed, and of what.
public struct UploadCheckpoint: Sendable, Equatable {
    public let hash: ByteBuffer
    /// As in ``GrownObject/stamp``.
    public let stamp: String

    private static let mark = "growth "

    public init(hash: ByteBuffer, stamp: String) {
        self.hash = hash
        self.stamp = stamp
    }

    /// The stamp in a line of its own, where there is one, and then the hash.
    init(_ bytes: ByteBuffer) {
        var rest = bytes
        let view = bytes.readableBytesView
        guard view.starts(with: Self.mark.utf8), let end = view.firstIndex(of: UInt8(ascii: "\n")),
            let line = rest.readString(length: end - view.startIndex)
        else {
            self.init(hash: bytes, stamp: "")
            return
        }
        rest.moveReaderIndex(forwardBy: 1)
        self.init(hash: rest, stamp: String(line.dropFirst(Self.mark.utf8.count)))
    }

    var bytes: ByteBuffer {
        guard !stamp.isEmpty else { return hash }
        var bytes = ByteBuffer(string: "\(Self.mark)\(stamp)\n")
        bytes.writeImmutableBuffer(hash)
        return bytes
    }
}
