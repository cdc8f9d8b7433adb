import Configuration
import Registry

extension Namespaces {
    /// Namespaces that tell which repository a name means, and can do nothing else.
    init(naming configuration: Configuration) {
        self.init(
            configuration.repositories.map { section in
                Namespace(
                    key: section.name, host: section.namespace?.text,
                    upstreams: [], impliesLibrary: section.impliesLibrary, isLocal: section.upstreams.isEmpty)
            }, fallback: configuration.server.defaultRepository)
    }
}

extension RepositorySection {
    /// Whether names of one component mean `library/...` there, as on Docker Hub.
    var impliesLibrary: Bool {
        namespace?.text == "docker.io" || upstreams.contains { $0.url.isDockerHub && $0.url.prefix == nil }
    }
}
