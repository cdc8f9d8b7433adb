/// What reads bytes of strangers: each takes anything at all, and says what it found wrong with the reader.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case requestHead = "request-head"
    case requestBody = "request-body"
    case proxies
    case routes
    case ranges
    case challenges
    case manifests
    case toml
    case cel
    case jwt
    case s3XML = "s3-xml"
    case redis
    case tar

    /// - Throws: ``FuzzFinding`` where the reader contradicts itself. What is refused is no finding.
    package func run(_ bytes: [UInt8]) throws(FuzzFinding) {
        switch self {
        case .requestHead: try Self.readHead(bytes)
        case .requestBody: try Self.readBody(bytes)
        case .proxies: try Self.readProxies(bytes)
        case .routes: try Self.readRoute(bytes)
        case .ranges: try Self.readRange(bytes)
        case .challenges: Self.readAnswerFields(bytes)
        case .manifests: try Self.readManifest(bytes)
        case .toml: try Self.readTOML(bytes)
        case .cel: try Self.readCEL(bytes)
        case .jwt: try Self.readToken(bytes)
        case .s3XML: try Self.readXML(bytes)
        case .redis: try Self.readReplies(bytes)
        case .tar: try Self.readArchive(bytes)
        }
    }

    static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// What a reader does that it must not.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
