internal import Access
public import OCI

/// One operation of the registry, parsed from method and path. The same value is what is answered, authorised, counted
/// and logged.
public enum Action: Sendable, Hashable {
    case health
    case readiness
    case startup
    /// end-1
    case getAPIVersion
    /// end-2
    case getBlob(RepositoryName, Digest)
    /// end-3
    case getManifest(RepositoryName, Reference)
    /// end-4a, end-4b, end-4c, end-11
    case startUpload(RepositoryName)
    /// end-5
    case updateUpload(RepositoryName, UploadID)
    /// end-6
    case completeUpload(RepositoryName, UploadID)
    /// end-13
    case getUpload(RepositoryName, UploadID)
    /// end-14
    case cancelUpload(RepositoryName, UploadID)
    /// end-7a, end-7b
    case putManifest(RepositoryName, Reference)
    /// end-9
    case deleteManifest(RepositoryName, Reference)
    /// end-10
    case deleteBlob(RepositoryName, Digest)
    /// end-8a, end-8b
    case listTags(RepositoryName)
    /// end-12a, end-12b
    case getReferrers(RepositoryName, Digest)
    case listCatalog

    /// The word for policies, metrics and logs.
    public var name: String { Self.names[index] }

    /// Every ``name`` there is.
    static let names =
        ["healthz", "readyz", "startupz"] + AccessAction.allCases.filter { $0.operation != .admin }.map(\.rawValue)

    /// The place of its name in ``names``.
    var index: Int {
        switch self {
        case .health: 0
        case .readiness: 1
        case .startup: 2
        case .getAPIVersion: 3
        case .startUpload: 4
        case .updateUpload: 5
        case .completeUpload: 6
        case .getUpload: 7
        case .cancelUpload: 8
        case .getBlob: 9
        case .deleteBlob: 10
        case .putManifest: 11
        case .getManifest: 12
        case .deleteManifest: 13
        case .getReferrers: 14
        case .listCatalog: 15
        case .listTags: 16
        }
    }

    /// The repository it is about, as the path names it.
    public var repository: RepositoryName? {
        switch self {
        case .health, .readiness, .startup, .getAPIVersion, .listCatalog: nil
        case .getBlob(let name, _), .deleteBlob(let name, _), .getReferrers(let name, _): name
        case .getManifest(let name, _), .putManifest(let name, _), .deleteManifest(let name, _): name
        case .updateUpload(let name, _), .completeUpload(let name, _), .getUpload(let name, _),
            .cancelUpload(let name, _):
            name
        case .startUpload(let name), .listTags(let name): name
        }
    }
}
