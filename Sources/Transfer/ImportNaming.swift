internal import Bundle
public import OCI

/// Under which names images come into a store.
public struct ImportNaming: Sendable {
    /// Goes before every name.
    public let prefix: RepositoryName?
    /// For an archive whose one image has no name, or a wrong one.
    public let name: ImageName?

    public init(prefix: RepositoryName? = nil, name: ImageName? = nil) {
        self.prefix = prefix
        self.name = name
    }

    func renamed(_ repository: Catalogue.Repository) throws(BundleError) -> Catalogue.Repository {
        guard name == nil else {
            throw BundleError(
                .refused, "a bundle has names for its images", remedy: "use --prefix in the place of --name")
        }
        return Catalogue.Repository(
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
