public import OCI

/// CNCF distribution's layout (`docker/registry/v2/...`), so that Entrepot can be put in front of a volume or bucket of
/// `registry:2`, and taken away again. What distribution has no place for lies in `_entrepot` folders, whose names it
/// passes over.
public enum RegistryLayout {
    static let root = "docker/registry/v2"

    /// The content of a blob or manifest.
    public static func blob(_ digest: Digest) -> ObjectKey {
        ObjectKey(unchecked: "\(root)/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data")
    }

    static func blobFolder(_ digest: Digest) -> ObjectKey {
        ObjectKey(unchecked: "\(root)/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)")
    }

    static var blobs: ObjectKey { ObjectKey(unchecked: "\(root)/blobs") }

    public static var repositories: ObjectKey { ObjectKey(unchecked: "\(root)/repositories") }

    /// Says that `repository` may serve the blob.
    public static func layerLink(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_layers/\(path(digest))/link")
    }

    static func layers(of repository: RepositoryName, _ algorithm: Digest.Algorithm) -> ObjectKey {
        below(repository, "_layers/\(algorithm.rawValue)")
    }

    static func layerFolder(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_layers/\(path(digest))")
    }

    /// Upload sessions of a repository.
    public static func uploads(of repository: RepositoryName) -> ObjectKey { below(repository, "_uploads") }

    /// A session, or the folder of one: see ``UploadKeys``.
    public static func upload(_ id: UploadID, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_uploads/\(id)")
    }

    private static let checkpointMark = ".entrepot-hash"

    /// Beside a session that is a file. A name that begins with `_` would make distribution stop looking.
    static func checkpoint(of id: UploadID, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_uploads/\(id)\(checkpointMark)")
    }

    /// The session that something in the folder of sessions belongs to; nil for what is none of them.
    static func uploadID(_ name: String) -> UploadID? {
        UploadID(name.hasSuffix(checkpointMark) ? String(name.dropLast(checkpointMark.count)) : name)
    }

    static func revisions(
        of repository: RepositoryName, _ algorithm: Digest.Algorithm
    ) -> ObjectKey {
        below(repository, "_manifests/revisions/\(algorithm.rawValue)")
    }

    static func revisionFolder(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_manifests/revisions/\(path(digest))")
    }

    /// Says that a tag was pushed here, in a repository that has upstreams as well; holds the digest it was pushed with.
    static func pushedTag(_ tag: Tag, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/pushed-tags/\(tag)")
    }

    /// Says that a manifest was pushed or seeded here, in a repository that has upstreams as well.
    static func kept(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/kept/\(path(digest))")
    }

    /// Is written by who works on the store beside a server.
    static var visited: ObjectKey { ObjectKey(unchecked: ".entrepot/visited") }

    /// Names that were asked for and could not be had.
    static var misses: ObjectKey { ObjectKey(unchecked: ".entrepot/misses") }

    static func miss(_ mark: String) -> ObjectKey { ObjectKey(unchecked: "\(misses.path)/\(mark)") }

    /// Damaged bytes, kept for who wants to look at them.
    static func quarantined(_ digest: Digest) -> ObjectKey {
        ObjectKey(unchecked: ".entrepot/quarantine/\(digest.algorithm.rawValue)-\(digest.hex)")
    }

    /// Marks of contents that are to be removed, in folders of the first two digits.
    static var condemnedShelves: ObjectKey { ObjectKey(unchecked: ".entrepot/collection/condemned") }

    static func condemned(_ digest: Digest) -> ObjectKey {
        ObjectKey(
            unchecked: "\(condemnedShelves.path)/\(digest.hex.prefix(2))/\(digest.algorithm.rawValue)-\(digest.hex)")
    }

    /// Marks of a repository's links to blobs that are to be removed.
    static func condemned(in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/collection/condemned")
    }

    static func condemned(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/collection/condemned/\(digest.algorithm.rawValue)-\(digest.hex)")
    }

    /// What is being removed at this moment, of contents and links: rarely more than one.
    static var sweeps: ObjectKey { ObjectKey(unchecked: ".entrepot/collection/sweeping") }

    static func sweeping(_ name: String) -> ObjectKey { ObjectKey(unchecked: "\(sweeps.path)/\(name)") }

    static func blobs(_ algorithm: Digest.Algorithm) -> ObjectKey {
        ObjectKey(unchecked: "\(root)/blobs/\(algorithm.rawValue)")
    }

    /// Says that the repository was pushed to when it had no upstreams.
    static func keptWhole(_ repository: RepositoryName) -> ObjectKey { below(repository, "_entrepot/kept-whole") }

    /// Says that `repository` has the manifest.
    public static func revisionLink(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_manifests/revisions/\(path(digest))/link")
    }

    public static func tags(of repository: RepositoryName) -> ObjectKey { below(repository, "_manifests/tags") }

    public static func tagFolder(_ tag: Tag, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_manifests/tags/\(tag)")
    }

    /// Within a tag's folder: holds the digest it names now.
    static let currentLink = "current/link"

    /// Holds the digest the tag names now.
    public static func tagLink(_ tag: Tag, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_manifests/tags/\(tag)/\(currentLink)")
    }

    /// One for each digest the tag ever named.
    public static func tagIndexLink(_ tag: Tag, _ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_manifests/tags/\(tag)/index/\(path(digest))/link")
    }

    /// The media type of a manifest, kept only where it is not what the manifest says of itself.
    static func mediaType(_ digest: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/media-types/\(path(digest))")
    }

    /// When a manifest or tag was last pulled.
    static func pullTime(of reference: Reference, in repository: RepositoryName) -> ObjectKey {
        switch reference {
        case .digest(let digest): below(repository, "_entrepot/pulled/manifests/\(path(digest))")
        case .tag(let tag): below(repository, "_entrepot/pulled/tags/\(tag)")
        }
    }

    static func referrers(of subject: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/referrers/\(path(subject))")
    }

    static func referrer(_ digest: Digest, of subject: Digest, in repository: RepositoryName) -> ObjectKey {
        below(repository, "_entrepot/referrers/\(path(subject))/\(digest.algorithm.rawValue)-\(digest.hex)")
    }

    /// What lies at a key, as far as the key tells: it saves a store that costs requests the look.
    public enum Shape: Sendable {
        /// An object, and nothing below it.
        case leaf
        /// An object that grows.
        case growing
        /// No object, but some below it.
        case folder
        /// Nobody knows.
        case any
    }

    public static func shape(of key: ObjectKey) -> Shape {
        let path = key.path
        if path.hasPrefix(blobs.path + "/") { return path.hasSuffix("/data") ? .leaf : .folder }
        guard path.hasPrefix(repositories.path + "/") else {
            if path.hasPrefix(sweeps.path + "/") { return .leaf }
            if path.hasPrefix(condemnedShelves.path + "/") { return path.contains("-") ? .leaf : .folder }
            return path.contains("/_uploads/") && path.hasSuffix("/data") ? .growing : .any
        }
        // No part of a repository's name begins so; and its parts may be called as ours are.
        guard let own = path.firstRange(of: "/_") else { return .folder }
        let parts = path[own.upperBound...].split(separator: "/")
        switch (parts.first, parts.count) {
        case ("uploads", ...2): return .folder
        case ("uploads", 3):
            if parts[2] == "data" { return .growing }
            return parts[2] == "startedat" || parts[2] == "entrepot-hash" ? .leaf : .any
        case ("layers", ...3), ("manifests", ...4): return .folder
        case ("layers", _), ("manifests", _): return parts.last == "link" ? .leaf : .any
        case ("entrepot", _):
            for folder in [
                "/_entrepot/pulled/tags/", "/_entrepot/pushed-tags/", "/_entrepot/media-types/",
                "/_entrepot/collection/condemned/",
            ] where path.contains(folder) { return .leaf }
            return .any
        default: return .any
        }
    }

    /// The digest of the content that lies at a key, or of which it is the folder; nil for every other key.
    public static func digest(of key: ObjectKey) -> Digest? {
        let start = blobs.path.utf8.count + 1
        let path = key.path
        guard path.utf8.count > start + 64, path.hasPrefix(blobs.path) else { return nil }
        let parts = path.utf8.dropFirst(start).split(separator: UInt8(ascii: "/"))
        guard parts.count == 3 || (parts.count == 4 && Substring(parts[3]) == "data"),
            let algorithm = Digest.Algorithm(rawValue: String(Substring(parts[0])))
        else { return nil }
        return Digest(algorithm: algorithm, hex: Substring(parts[2]))
    }

    /// Whether it is the folder of a repository's upload sessions.
    static func isUploads(_ key: ObjectKey) -> Bool { key.path.hasSuffix("/_uploads") }

    /// Whether it lies where distribution looks for nothing.
    static func isOurs(_ key: ObjectKey) -> Bool { key.path.contains("/_entrepot/") }

    /// What the marker holds in the layout that this version reads and writes.
    public static let version = "entrepot layout 1\n"

    /// Names the layout and its version.
    public static var marker: ObjectKey { ObjectKey(unchecked: ".entrepot/layout") }

    private static func path(_ digest: Digest) -> String { "\(digest.algorithm.rawValue)/\(digest.hex)" }

    private static func below(_ repository: RepositoryName, _ rest: String) -> ObjectKey {
        ObjectKey(unchecked: "\(root)/repositories/\(repository)/\(rest)")
    }
}
