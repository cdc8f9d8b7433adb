import Configuration
import NIOCore
import OCI
import Registry
import Upstream

extension Namespaces {
    /// Namespaces that tell which repository a name means, and can do nothing else.
    init(naming configuration: Configuration) {
        self.init(
            configuration.repositories.map { section in
                Namespace(
                    key: section.name, host: section.namespace?.text,
                    upstreams: section.upstreams.isEmpty ? [] : [Unreachable()],
                    impliesLibrary: section.impliesLibrary)
            }, fallback: configuration.server.defaultRepository)
    }
}

extension RepositorySection {
    /// Whether names of one component mean `library/...` there, as on Docker Hub.
    var impliesLibrary: Bool {
        namespace?.text == "docker.io" || upstreams.contains { $0.url.isDockerHub && $0.url.prefix == nil }
    }
}

/// Stands where a namespace has upstreams that nobody will ask.
private struct Unreachable: UpstreamRegistry {
    let name = "nobody"
    private var error: UpstreamError { UpstreamError(.offline, "nobody is asked") }

    func headManifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifestHead { throw error }

    func manifest(_ repository: RepositoryName, _ reference: Reference) async throws(UpstreamError) -> UpstreamManifest
    {
        throw error
    }

    func headBlob(_ repository: RepositoryName, _ digest: Digest) async throws(UpstreamError) -> UpstreamBlobHead {
        throw error
    }

    func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob { throw error }

    func tags(
        _ repository: RepositoryName, after last: String?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags { throw error }

    func referrers(_ repository: RepositoryName, _ subject: Digest) async throws(UpstreamError) -> [Descriptor] {
        throw error
    }
}
