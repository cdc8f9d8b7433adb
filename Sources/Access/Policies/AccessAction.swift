/// What a request does, in the words of policies.
public enum AccessAction: String, Sendable, CaseIterable {
    case getAPIVersion = "get-api-version"
    case startUpload = "start-upload"
    case updateUpload = "update-upload"
    case completeUpload = "complete-upload"
    case getUpload = "get-upload"
    case cancelUpload = "cancel-upload"
    case getBlob = "get-blob"
    case deleteBlob = "delete-blob"
    case putManifest = "put-manifest"
    case getManifest = "get-manifest"
    case deleteManifest = "delete-manifest"
    case getReferrers = "get-referrers"
    case listCatalog = "list-catalog"
    case listTags = "list-tags"
    case adminStatus = "admin-status"
    case adminPurge = "admin-purge"
    case adminRefresh = "admin-refresh"
    case adminReload = "admin-reload"
    case adminRevoke = "admin-revoke"
    case adminJanitor = "admin-janitor"

    public var operation: AccessOperation {
        switch self {
        case .getAPIVersion, .getBlob, .getManifest, .getReferrers: .pull
        case .listCatalog, .listTags: .list
        case .startUpload, .updateUpload, .completeUpload, .getUpload, .cancelUpload, .putManifest: .push
        case .deleteBlob, .deleteManifest: .delete
        case .adminStatus, .adminPurge, .adminRefresh, .adminReload, .adminRevoke, .adminJanitor: .admin
        }
    }
}

/// Actions in groups, for policies that need no more.
public enum AccessOperation: String, Sendable, CaseIterable {
    case pull, push, delete, list, admin

    /// Changes nothing and shows nothing but content.
    public var isReading: Bool { self == .pull || self == .list }
}
