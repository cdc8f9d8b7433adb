internal import Hashing
internal import TextEncodings

/// The replica that fetches a blob, as its lease names it.
public struct FillOwner: Sendable, Hashable {
    private static let longestNote = 1024

    /// Of this fill, and no other.
    public let id: String
    /// Scheme, host and port.
    public let address: String

    public init(id: String, address: String) {
        self.id = id
        self.address = address
    }

    /// For the lease on `content`: with a code, so that whoever writes into Redis names no address.
    func note(_ secret: ClusterSecret, for content: String) -> [UInt8] {
        Array("1 \(id) \(address) \(Base64.url.encode(code(secret, content)))".utf8)
    }

    /// Nil for what is no note that a replica left for this content.
    init?(note: [UInt8], _ secret: ClusterSecret, for content: String) {
        guard note.count <= Self.longestNote, let text = String(validating: note, as: UTF8.self) else { return nil }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 4, words[0] == "1", let code = Base64.url.decode(words[3].utf8) else { return nil }
        self.init(id: String(words[1]), address: String(words[2]))
        guard HMACSHA256.isSame(code, self.code(secret, content)) else { return nil }
    }

    private func code(_ secret: ClusterSecret, _ content: String) -> [UInt8] {
        secret.proof("owner\n\(content)\n\(id)\n\(address)")
    }
}
