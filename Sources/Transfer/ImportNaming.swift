internal import Bundle
public import OCI

/// Under which names images come into a store.
public struct ImportNaming: Sendable {
    /// Goes before every name.
    public let prefix: RepositoryName?
    /// For an archive whose one image has no name, or a wrong one.
    public let name: ImageName?
    /// For an image that has none; nil refuses such.
    public let fallback: ImageName?

    public init(prefix: RepositoryName? = nil, name: ImageName? = nil, fallback: ImageName? = nil) {
        self.prefix = prefix
        self.name = name
        self.fallback = fallback
    }

    /// A bundle has names for its images: another one takes the place of those of a bundle with one image.
    func renamed(_ repositories: [Catalogue.Repository]) throws(BundleError) -> [Catalogue.Repository] {
        guard let name else {
            return try repositories.map { (repository) throws(BundleError) in try renamed(repository) }
        }
        guard repositories.count == 1, Set(repositories[0].tags.values).count == 1,
            let image = repositories[0].tags.first
        else {
            throw BundleError(
                .refused, "the bundle holds several images, and a name is for one", remedy: "use --prefix in its place")
        }
        return [
            Catalogue.Repository(
                try prefixed(name.repository), tags: [name.tag ?? image.key: image.value],
                manifests: repositories[0].manifests, leftOut: repositories[0].leftOut)
        ]
    }

    private func renamed(_ repository: Catalogue.Repository) throws(BundleError) -> Catalogue.Repository {
        Catalogue.Repository(
            try prefixed(repository.name), tags: repository.tags, manifests: repository.manifests,
            leftOut: repository.leftOut)
    }

    func prefixed(_ name: RepositoryName) throws(BundleError) -> RepositoryName {
        guard let prefix else { return name }
        guard let long = name.prefixed(by: prefix) else {
            throw BundleError(.refused, "\(prefix)/\(name) is too long a name", remedy: "use a shorter prefix")
        }
        return long
    }
}
