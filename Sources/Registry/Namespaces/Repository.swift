public import OCI

/// A repository of a namespace: its name in the store, and its name at the upstreams.
public struct Repository: Sendable {
    public let namespace: Namespace
    /// The name under which everything of it is stored.
    public let name: RepositoryName
    /// What the upstreams are asked for; meaningless for a local namespace.
    public let remoteName: RepositoryName

    init(namespace: Namespace, name: RepositoryName, remoteName: RepositoryName) {
        self.namespace = namespace
        self.name = name
        self.remoteName = remoteName
    }
}

extension Repository {
    /// - Throws: `UNSUPPORTED` where nothing may be written.
    public func checkWritable() throws(RegistryError) {
        guard namespace.isWritable else { throw .readOnly(self) }
    }
}
