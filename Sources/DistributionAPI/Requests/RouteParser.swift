import TextEncodings
import NIOHTTP1
import OCI

/// Path to ``Route``, and method and path to ``Action``: pure and total.
///
/// Repository names hold slashes, so a path is read from its right end: what the last components say decides, and the
/// rest is the name.
enum RouteParser {
    /// - Parameter path: The path as sent, before the query.
    /// - Throws: The error to answer with: as ``route(_:)``, or a method the path does not take.
    static func action(_ method: HTTPMethod, _ path: some StringProtocol) throws(RegistryError) -> Action {
        let route = try route(path)
        guard let action = route.action(method) else { throw .wrongMethod(takes: route.methods) }
        return action
    }

    /// - Parameter path: The path as sent, before the query.
    /// - Throws: The error to answer with: unknown path, invalid name, digest or tag.
    static func route(_ path: some StringProtocol) throws(RegistryError) -> Route {
        guard let decoded = PercentEncoding.decoded(path) else {
            throw RegistryError(.nameInvalid, "the path is not percent-encoded UTF-8")
        }
        // A proxy or policy in front that does not decode it would judge another path.
        if path.utf8.contains(UInt8(ascii: "%")), path.lowercased().contains("%2f") {
            throw RegistryError(.nameInvalid, "the path holds an encoded slash; write it as /")
        }
        // What stands before the first slash is nobody's name.
        guard decoded.utf8.first == UInt8(ascii: "/") else { throw noSuchPath }
        let parts = decoded.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        switch (parts.first, parts.count) {
        case ("healthz", 1): return .health
        case ("readyz", 1): return .readiness
        case ("startupz", 1): return .startup
        case ("v2", 1): return .apiVersion
        case ("v2", 2) where parts.last == "": return .apiVersion
        case ("v2", 2) where parts.last == "_catalog": return .catalog
        case ("v2", 4...): return try repositoryRoute(Array(parts.dropFirst()))
        default: throw noSuchPath
        }
    }

    /// - Parameter parts: At least three, after `/v2/`.
    private static func repositoryRoute(_ parts: [Substring]) throws(RegistryError) -> Route {
        let last = parts[parts.count - 1]
        let kind = parts[parts.count - 2]
        switch kind {
        case "tags" where last == "list":
            return .tags(try name(parts.dropLast(2)))
        case "blobs" where last == "uploads", "uploads" where last.isEmpty && parts[parts.count - 3] == "blobs":
            return .uploads(try name(parts.dropLast(last.isEmpty ? 3 : 2)))
        case "uploads" where parts[parts.count - 3] == "blobs":
            let name = try name(parts.dropLast(3))
            guard let id = UploadID(last) else {
                throw RegistryError(.blobUploadUnknown, "there is no such upload; begin one with POST")
            }
            return .upload(name, id)
        case "blobs":
            return .blob(try name(parts.dropLast(2)), try digest(last))
        case "manifests":
            return .manifest(try name(parts.dropLast(2)), try reference(last))
        case "referrers":
            return .referrers(try name(parts.dropLast(2)), try digest(last))
        default:
            throw noSuchPath
        }
    }

    private static func name(_ parts: some Collection<Substring>) throws(RegistryError) -> RepositoryName {
        guard let name = RepositoryName(parts.joined(separator: "/")) else {
            throw RegistryError(
                .nameInvalid,
                "the repository name is not valid: lower-case letters and digits, with . _ or - between them and / between components"
            )
        }
        return name
    }

    private static func digest(_ text: Substring) throws(RegistryError) -> Digest {
        guard let digest = Digest(text) else {
            throw RegistryError(.digestInvalid, "the digest is not sha256:<64 hex digits> or sha512:<128 hex digits>")
        }
        return digest
    }

    private static func reference(_ text: Substring) throws(RegistryError) -> Reference {
        guard let reference = Reference(text) else {
            // The specification has no code for a bad tag; a manifest of that name cannot exist.
            throw text.utf8.contains(UInt8(ascii: ":"))
                ? RegistryError(.digestInvalid, "the digest is not sha256:<64 hex digits> or sha512:<128 hex digits>")
                : RegistryError(
                    .manifestUnknown, "the reference is neither a tag of at most 128 characters nor a digest")
        }
        return reference
    }

    private static var noSuchPath: RegistryError {
        RegistryError(.unsupported, status: 404, "there is nothing at this path; the registry's API begins at /v2/")
    }
}
