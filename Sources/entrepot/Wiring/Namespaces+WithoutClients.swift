import Configuration
import Registry

/// Namespaces for those who ask no upstream.
extension Namespaces {
    /// They tell which repository a name means, and can do nothing else.
    init(naming configuration: Configuration) {
        self.init(
            configuration.repositories.map { Namespace(withoutClients: $0, configuration) },
            fallback: configuration.server.defaultRepository)
    }

    /// They tell what is kept by which rules. A name means what is stored under it.
    static func withoutUpstreams(_ configuration: Configuration) -> Namespaces {
        Namespaces(
            configuration.repositories.map { Namespace(withoutClients: $0, configuration, answersToHost: false) },
            fallback: nil)
    }
}

extension Namespace {
    fileprivate init(
        withoutClients section: RepositorySection, _ configuration: Configuration, answersToHost: Bool = true
    ) {
        self.init(
            key: section.name, host: answersToHost ? section.namespace?.text : nil, upstreams: [],
            impliesLibrary: answersToHost && section.impliesLibrary, freshness: Freshness(section),
            isOffline: configuration.isOffline || section.isOffline, completesPulls: section.completeOnPull,
            pushes: PushRules(section), isLocal: section.upstreams.isEmpty)
    }
}

extension RepositorySection {
    /// Whether names of one component mean `library/...` there, as on Docker Hub.
    var impliesLibrary: Bool {
        namespace?.text == "docker.io" || upstreams.contains { $0.url.isDockerHub && $0.url.prefix == nil }
    }
}
