internal import Access
internal import OCI

extension Action {
    /// What policies see; nil for what is open to everybody.
    var access: AccessAction? {
        switch self {
        case .health, .readiness, .startup: nil
        case .getAPIVersion: .getAPIVersion
        case .getBlob: .getBlob
        case .getManifest: .getManifest
        case .startUpload: .startUpload
        case .updateUpload: .updateUpload
        case .completeUpload: .completeUpload
        case .getUpload: .getUpload
        case .cancelUpload: .cancelUpload
        case .putManifest: .putManifest
        case .deleteManifest: .deleteManifest
        case .deleteBlob: .deleteBlob
        case .listTags: .listTags
        case .getReferrers: .getReferrers
        case .listCatalog: .listCatalog
        }
    }

    /// What the path names content by.
    var reference: Reference? {
        switch self {
        case .getManifest(_, let reference), .putManifest(_, let reference), .deleteManifest(_, let reference):
            reference
        default: nil
        }
    }

    var digest: Digest? {
        switch self {
        case .getBlob(_, let digest), .deleteBlob(_, let digest), .getReferrers(_, let digest): digest
        default: nil
        }
    }
}
