internal import TextEncodings

/// What of a request is signed.
public struct SigV4Request: Sendable {
    public enum Payload: Sendable, Hashable {
        /// SHA-256 in hexadecimal digits.
        case hashed(String)
        /// Vouched for by TLS alone.
        case unsigned

        /// Of no bytes.
        public static let empty = Payload.hashed("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

        public static func hashing(_ bytes: UnsafeRawBufferPointer) -> Payload {
            .hashed(Hashes.hex(Hashes.sha256(bytes)))
        }

        public var text: String {
            switch self {
            case .hashed(let hash): hash
            case .unsigned: "UNSIGNED-PAYLOAD"
            }
        }
    }

    public struct Item: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: String
    /// Begins with a slash; not percent-encoded.
    public var path: String
    /// Not percent-encoded.
    public var query: [Item]
    /// All that are to be signed, `Host` among them.
    public var headers: [Item]
    public var payload: Payload

    public init(
        method: String, path: String, query: [Item] = [], headers: [Item] = [], payload: Payload = .empty
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    /// The path as it must stand in the URL: every byte but letters, digits, `-._~` and the slash in `%XX`. S3 normalises
    /// no path, so that neither `//` nor `..` is touched.
    public var encodedPath: String { PercentEncoding.encoded(path, keeping: "/") }

    /// The query as it must stand in the URL, in the order that is signed.
    public var encodedQuery: String { Self.encode(query) }

    static func encode(_ query: [Item]) -> String {
        query.map { (PercentEncoding.encoded($0.name), PercentEncoding.encoded($0.value)) }
            .sorted { $0.0 == $1.0 ? precedes($0.1, $1.1) : precedes($0.0, $1.0) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}
