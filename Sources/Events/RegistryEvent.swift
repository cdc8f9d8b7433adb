/// Something that happened to content, for those who want to be told.
public struct RegistryEvent: Sendable, Codable, Equatable {
    /// In distribution's words.
    public enum Action: String, Sendable, Codable, CaseIterable {
        case push, pull, delete, mount
    }

    /// Unique, and the same each time the event is sent.
    public var id: String
    /// RFC 3339.
    public var time: String
    public var action: Action
    public var repository: String
    public var digest: String?
    public var tag: String?
    public var mediaType: String?
    /// Bytes.
    public var size: Int64?
    /// Of a mount: the repository that held the blob.
    public var source: String?
    public var request: Request
    /// Who did it; nil for who is not known.
    public var actor: String?

    public struct Request: Sendable, Codable, Equatable {
        public var id: String
        public var client: String?
        public var host: String?
        /// `https`, or `http`: as the client asked. Nil in events of an older version.
        public var scheme: String?
        public var method: String
        public var userAgent: String?
        /// The path of what it was about, as it can be asked for.
        public var path: String?

        public init(
            id: String, client: String?, host: String?, scheme: String?, method: String, userAgent: String?,
            path: String? = nil
        ) {
            self.id = id
            self.client = client
            self.host = host
            self.scheme = scheme
            self.method = method
            self.userAgent = userAgent
            self.path = path
        }
    }

    public init(
        time: String, action: Action, repository: String, digest: String? = nil, tag: String? = nil,
        mediaType: String? = nil, size: Int64? = nil, source: String? = nil, request: Request, actor: String? = nil,
        id: String = RegistryEvent.newID()
    ) {
        self.id = id
        self.time = time
        self.action = action
        self.repository = repository
        self.digest = digest
        self.tag = tag
        self.mediaType = mediaType
        self.size = size
        self.source = source
        self.request = request
        self.actor = actor
    }

    /// A UUID of version 4.
    public static func newID() -> String {
        func hex(_ number: UInt64, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text.suffix(digits)
        }
        let (high, low) = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        return hex(high >> 32, 8) + "-" + hex(high >> 16 & 0xFFFF, 4) + "-4" + hex(high & 0xFFF, 3) + "-"
            + hex(low >> 48 & 0x3FFF | 0x8000, 4) + "-" + hex(low & 0xFFFF_FFFF_FFFF, 12)
    }
}
