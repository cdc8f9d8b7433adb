import NIOHTTP1
import OCI

/// Entity tags of a registry: a digest in quotes, always strong.
enum ConditionalRequest {
    /// Whether `If-None-Match` names the content (RFC 9110, section 13.1.2): then 304 is the answer.
    static func isUnchanged(_ headers: HTTPHeaders, _ digest: Digest) -> Bool {
        let fields = headers[canonicalForm: "If-None-Match"]
        guard !fields.isEmpty else { return false }
        let tag = digest.description
        return fields.contains { field in
            if field == "*" { return true }
            let opaque = field.hasPrefix("W/") ? field.dropFirst(2) : field
            // Some clients leave the quotes out.
            return opaque.dropFirst(opaque.hasPrefix("\"") ? 1 : 0).dropLast(opaque.hasSuffix("\"") ? 1 : 0) == tag
        }
    }

    /// The range to answer with: none where `If-Range` names other content (section 13.1.5).
    static func range(_ headers: HTTPHeaders, _ digest: Digest) -> ByteRange? {
        guard let field = headers.first(name: "Range") else { return nil }
        if let condition = headers.first(name: "If-Range"), condition != digest.entityTag { return nil }
        return ByteRange(header: field)
    }
}
