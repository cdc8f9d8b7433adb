import NIOHTTP1
import OCI
import Registry

/// Entity tags of a registry: a digest in quotes, always strong.
enum ConditionalRequest {
    /// Whether `If-None-Match` names the content (RFC 9110, section 13.1.2): then 304 is the answer.
    static func isUnchanged(_ headers: HTTPHeaders, _ digest: Digest) -> Bool {
        let fields = headers[canonicalForm: "If-None-Match"]
        guard !fields.isEmpty else { return false }
        let tag = digest.description
        return fields.contains { field in
            if field == "*" { return true }
            return opaque(field) == tag
        }
    }

    /// What a push may take the place of. Where something is to be overwritten a weak tag does not say what it is (section
    /// 13.1.1).
    static func condition(_ headers: HTTPHeaders) -> PushCondition {
        PushCondition(
            match: names(headers, "If-Match") { !$0.hasPrefix("W/") }, noneMatch: names(headers, "If-None-Match"))
    }

    /// Nil if there is no such field.
    private static func names(
        _ headers: HTTPHeaders, _ name: String, where counts: (Substring) -> Bool = { _ in true }
    ) -> PushCondition.Names? {
        let fields = headers[canonicalForm: name]
        guard !fields.isEmpty else { return nil }
        if fields.contains("*") { return .anything }
        return .digests(Set(fields.filter(counts).compactMap { Digest(opaque($0)) }))
    }

    private static func opaque(_ field: Substring) -> Substring {
        let tag = field.hasPrefix("W/") ? field.dropFirst(2) : field
        // Some clients leave the quotes out.
        return tag.dropFirst(tag.hasPrefix("\"") ? 1 : 0).dropLast(tag.hasSuffix("\"") ? 1 : 0)
    }

    /// The range to answer with: none where `If-Range` names other content (section 13.1.5).
    static func range(_ headers: HTTPHeaders, _ digest: Digest) -> ByteRange? {
        guard let field = headers.first(name: "Range") else { return nil }
        if let condition = headers.first(name: "If-Range"), condition != digest.entityTag { return nil }
        return ByteRange(header: field)
    }
}
