import Configuration
import Registry

extension Namespaces {
    /// For who asks no upstream.
    static func withoutUpstreams(_ configuration: Configuration) -> Namespaces {
        Namespaces(
            configuration.repositories.map { section in
                Namespace(
                    key: section.name, host: nil, upstreams: [],
                    isOffline: configuration.isOffline || section.isOffline,
                    pushes: PushRules(isOverlay: section.mode == .overlay), isLocal: section.upstreams.isEmpty)
            }, fallback: nil)
    }
}
