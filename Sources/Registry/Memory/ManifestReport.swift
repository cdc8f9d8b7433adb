internal import FoundationEssentials
internal import OCI
internal import Storage
internal import Upstream

/// What came of asking upstreams for a manifest, as other replicas are told: they share the store, so a digest says it all.
struct ManifestReport: Codable {
    private struct Failure: Codable {
        let code: String
        let status: Int
        let message: String
        let retryAfter: Int?
    }

    private var digest: String?
    private var warning: String?
    private var failure: Failure?

    /// Nil where the others have nothing of it: it is not stored, or what failed was this replica's own way to the upstream.
    init?(_ result: Result<FetchedManifest, RegistryError>) {
        switch result {
        case .success(let fetched):
            guard fetched.isKept else { return nil }
            digest = fetched.manifest.digest.description
            warning = fetched.warning
        case .failure(let error):
            guard error.isUpstreamsWord else { return nil }
            failure = Failure(
                code: error.code.rawValue, status: error.status, message: error.message, retryAfter: error.retryAfter)
        }
    }

    /// Nil for what no replica wrote.
    init?(_ bytes: [UInt8]) {
        guard let report = try? JSONDecoder().decode(ManifestReport.self, from: Data(bytes)) else { return nil }
        self = report
    }

    var bytes: [UInt8]? { (try? JSONEncoder().encode(self)).map { Array($0) } }

    /// What the report means to a replica that finds the manifest with `read`; nil if it cannot.
    func result(_ read: (Digest) async -> StoredManifest?) async -> Result<FetchedManifest, RegistryError>? {
        if let error { return .failure(error) }
        guard let digest = digest.flatMap({ Digest($0) }), let manifest = await read(digest) else { return nil }
        return .success(FetchedManifest(manifest: manifest, isStored: false, isKept: true, warning: warning))
    }

    /// What the upstreams said, if they gave nothing.
    var error: RegistryError? {
        guard let failure, let code = RegistryError.Code(rawValue: failure.code), (400..<600).contains(failure.status)
        else { return nil }
        return RegistryError(code, status: failure.status, failure.message, retryAfter: failure.retryAfter)
    }
}

extension RegistryError {
    /// Whether an upstream has said so, and says the same to every replica. What failed on the way to it (names, proxies,
    /// networks, limits of one's own) may work from another machine.
    fileprivate var isUpstreamsWord: Bool {
        switch status {
        case 401, 403, 404: true
        case 429: if case .rateLimited = (cause as? UpstreamError)?.kind { true } else { false }
        default: false
        }
    }
}
