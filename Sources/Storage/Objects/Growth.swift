internal import Hashing
public import NIOCore
internal import OCI

/// An object that grows, as somebody knows it. Who knows something of its content, such as its hash, knows it of this alone:
/// another may have written something else that is as long.
public struct GrownObject: Hashable, Sendable {
    /// Bytes.
    public let size: Int64
    /// Tells what it consists of from anything else; nil where that cannot be told, and then it is the same as nothing.
    public let stamp: String?

    public init(size: Int64, stamp: String?) {
        self.size = size
        self.stamp = stamp
    }

    /// What there is before the first byte.
    public static let nothing = GrownObject(size: 0, stamp: "")

    public func isSame(as other: Self) -> Bool { stamp != nil && self == other }
}

/// What an object that grows consists of.
public enum Growth: Sendable, Equatable {
    /// Of bytes that do not change any more once they are there.
    case appended
    /// Of pieces, in their order, each of which somebody may put another one in the place of.
    case pieces([Piece])

    public struct Piece: Sendable, Equatable {
        /// What the store calls this content in this place; nil where it does not say.
        public let name: String?
        /// Bytes up to its end; more than that of the one before.
        public let end: Int64

        public init(name: String?, end: Int64) {
            self.name = name
            self.end = end
        }
    }

    /// The first `size` bytes.
    public func beginning(_ size: Int64) -> GrownObject {
        guard case .pieces(let pieces) = self, size > 0 else { return GrownObject(size: size, stamp: "") }
        var hasher = DigestHasher(.sha256)
        for piece in pieces {
            guard piece.end <= size, let name = piece.name else { break }
            hasher.update(ByteBuffer(string: "\(piece.end) \(name)\n"))
            if piece.end == size { return GrownObject(size: size, stamp: hasher.digest().hex) }
        }
        return GrownObject(size: size, stamp: nil)
    }

    /// Whether it began as `object`, and has not lost anything of that.
    public func begins(with object: GrownObject) -> Bool { beginning(object.size).isSame(as: object) }
}

/// An object that grows, to be read.
public struct GrownContent: Sendable {
    public let content: ObjectContent
    public let growth: Growth
    /// As it was before it was made readable: the same bytes.
    public let former: Growth

    public init(_ content: ObjectContent, _ growth: Growth = .appended, formerly former: Growth = .appended) {
        self.content = content
        self.growth = growth
        self.former = former
    }
}

extension ObjectStore {
    /// Appends to whatever has `offset` bytes: for who alone writes to an object.
    ///
    /// - Throws: `StorageError.Code.conflict` if the object has not exactly `offset` bytes.
    public func append(_ key: ObjectKey, _ bytes: ByteBuffer, at offset: Int64) async throws(StorageError) {
        _ = try await append(key, bytes, to: try await grown(key, offset))
    }

    /// Whatever has so many bytes.
    public func grown(_ key: ObjectKey, _ size: Int64) async throws(StorageError) -> GrownObject {
        guard let info = try await info(key) else { return GrownObject(size: size, stamp: size == 0 ? "" : nil) }
        guard info.size == size else { throw .wrongSize(info.size, size, key) }
        return info.growth.beginning(size)
    }
}
