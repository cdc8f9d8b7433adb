public import OCI

/// Bytes that are not those of their digest, as they were opened and read: what takes their place meanwhile is not them.
public struct DamagedContent: Sendable {
    public let digest: Digest
    private let content: ObjectContent

    init(_ digest: Digest, _ content: ObjectContent) {
        self.digest = digest
        self.content = content
    }

    func isSame(as other: ObjectContent) -> Bool {
        switch (content, other) {
        case (.file(let own, _), .file(let other, _)): own.isSame(as: other)
        case (.bytes(let own), .bytes(let other)): own == other
        case (.remote(let own), .remote(let other)): own.size == other.size && own.entity == other.entity
        default: false
        }
    }
}
