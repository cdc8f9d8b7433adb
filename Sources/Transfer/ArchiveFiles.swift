internal import NIOCore
internal import OCI

/// What an archive held, by the names of its files.
struct ArchiveFiles: Sendable {
    struct Content: Sendable {
        let digest: Digest
        /// Bytes.
        let size: Int64
        /// The first bytes; nil of what the store had already, and was not read.
        let head: ByteBuffer?
    }

    var told: [String: ByteBuffer] = [:]
    var contents: [String: Content] = [:]
    var links: [String: String] = [:]

    /// What a name leads to, over links.
    func content(_ path: String) -> Content? {
        var path = path
        for _ in 0..<8 {
            if let content = contents[path] { return content }
            guard let target = links[path] else { return nil }
            path = target
        }
        return nil
    }
}
