internal import OCI

/// Something that is not as it should be.
public struct ScrubFinding: Sendable, Encodable {
    public enum Kind: String, Sendable, Encodable, CaseIterable {
        /// Bytes that are not those of their digest.
        case damagedContent = "damaged-content"
        /// What cannot be read or changed now: the disk or the bucket fails, or it is another user's.
        case unreadableContent = "unreadable-content"
        /// A link to a blob that is not there.
        case missingContent = "missing-content"
        /// A link that does not hold what its name says.
        case damagedLink = "damaged-link"
        /// A manifest whose bytes are not there, or are no manifest.
        case missingManifest = "missing-manifest"
        /// A manifest that names what the repository does not hold.
        case incompleteManifest = "incomplete-manifest"
        /// A tag whose link holds no digest.
        case damagedTag = "damaged-tag"
        /// A tag that names what the repository does not have.
        case danglingTag = "dangling-tag"
        /// A manifest that is not listed among the referrers of its subject.
        case missingReferrer = "missing-referrer"
        /// What is left of an upload that broke off.
        case brokenUpload = "broken-upload"
    }

    public enum Repair: String, Sendable, Encodable {
        case none
        /// Nothing was to be changed.
        case dryRun = "dry-run"
        /// Put right.
        case repaired
        /// Removed; it will be fetched again when it is asked for.
        case removed
        /// Put out of the way or removed, and fetched from the upstream.
        case refetched
        /// Put out of the way.
        case quarantined
    }

    public var kind: Kind
    public var repair: Repair
    public var repository: String?
    /// A tag, a digest, or an upload.
    public var subject: String
    public var detail: String?

    init(
        _ kind: Kind, _ repair: Repair, _ subject: some CustomStringConvertible, in repository: RepositoryName? = nil,
        _ detail: String? = nil
    ) {
        self.kind = kind
        self.repair = repair
        self.subject = subject.description
        self.repository = repository?.value
        self.detail = detail
    }

    /// One line.
    public var text: String {
        let place = repository.map { "\($0) " } ?? ""
        return "\(kind.rawValue)\t\(place)\(subject)\t\(repair.rawValue)" + (detail.map { "\t\($0)" } ?? "")
    }
}
