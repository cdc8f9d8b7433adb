import Access
import NIOHTTP1
import OCI

/// What a path names, whatever is asked of it, and which methods it takes.
enum Route: Hashable {
    case health
    case readiness
    case startup
    case apiVersion
    case catalog
    case tags(RepositoryName)
    case blob(RepositoryName, Digest)
    case manifest(RepositoryName, Reference)
    case referrers(RepositoryName, Digest)
    case uploads(RepositoryName)
    case upload(RepositoryName, UploadID)

    /// Nil for a method that the path does not take.
    func action(_ method: HTTPMethod) -> Action? {
        switch (self, method == .HEAD ? .GET : method) {
        case (.health, .GET): .health
        case (.readiness, .GET): .readiness
        case (.startup, .GET): .startup
        case (.apiVersion, .GET): .getAPIVersion
        case (.catalog, .GET): .listCatalog
        case (.tags(let name), .GET): .listTags(name)
        case (.blob(let name, let digest), .GET): .getBlob(name, digest)
        case (.blob(let name, let digest), .DELETE): .deleteBlob(name, digest)
        case (.manifest(let name, let reference), .GET): .getManifest(name, reference)
        case (.manifest(let name, let reference), .PUT): .putManifest(name, reference)
        case (.manifest(let name, let reference), .DELETE): .deleteManifest(name, reference)
        case (.referrers(let name, let digest), .GET): .getReferrers(name, digest)
        case (.uploads(let name), .POST): .startUpload(name)
        case (.upload(let name, let id), .GET): .getUpload(name, id)
        case (.upload(let name, let id), .PATCH): .updateUpload(name, id)
        case (.upload(let name, let id), .PUT): .completeUpload(name, id)
        case (.upload(let name, let id), .DELETE): .cancelUpload(name, id)
        default: nil
        }
    }

    var methods: [HTTPMethod] { Self.methods.filter { action($0) != nil } }

    /// Those that are left where nothing may be written.
    var readingMethods: [HTTPMethod] {
        Self.methods.filter { action($0).map { $0.access?.operation.isReading ?? true } ?? false }
    }

    /// In the order of `Allow`.
    private static let methods: [HTTPMethod] = [.GET, .HEAD, .POST, .PATCH, .PUT, .DELETE]
}

extension RegistryError {
    /// The path takes other methods (RFC 9110, section 15.5.6).
    static func wrongMethod(takes methods: [HTTPMethod]) -> RegistryError {
        let names = methods.map(\.rawValue)
        var error = RegistryError(.unsupported, "the path takes no other method than \(names.joined(separator: ", "))")
        error.allowedMethods = names
        return error
    }
}
