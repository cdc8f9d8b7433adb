public import OCI

/// What is to be decided on: an action with all that policies may look at.
public struct AccessRequest: Sendable {
    public let action: AccessAction
    /// By its full name, as it is stored; nil for actions on no repository.
    public let repository: RepositoryName?
    /// The key of the `[repository."<namespace>"]` that takes the name; nil if none does.
    public let namespace: RepositoryName?
    public let reference: Reference?
    public let digest: Digest?
    /// The repository as the client calls it, where that differs: a token may be for this name.
    public let alias: RepositoryName?

    /// - Parameter digest: Nil stands for the reference's, where that is one.
    public init(
        _ action: AccessAction, repository: RepositoryName? = nil, namespace: RepositoryName? = nil,
        reference: Reference? = nil, digest: Digest? = nil, alias: RepositoryName? = nil
    ) {
        self.action = action
        self.repository = repository
        self.namespace = namespace
        self.reference = reference
        self.alias = alias
        if digest == nil, case .digest(let named)? = reference {
            self.digest = named
        } else {
            self.digest = digest
        }
    }

    public var tag: Tag? {
        if case .tag(let tag)? = reference { tag } else { nil }
    }

    /// What a token must grant for this; empty for what any token will do.
    public var wanted: [ResourceAccess] {
        switch (action, repository) {
        case (.listCatalog, _): return [.catalog]
        case (_, let repository?):
            let actions =
                switch action.operation {
                case .pull, .list: ["pull"]
                case .push: ["pull", "push"]
                case .delete: ["delete"]
                case .admin: ["*"]
                }
            return [ResourceAccess(repository: repository, actions: actions)]
        case (_, nil): return []
        }
    }

    /// Whether a token with these grants may be used for it.
    func isCovered(by grants: [ResourceAccess]) -> Bool {
        switch (action, repository) {
        case (.getAPIVersion, _): return true
        case (.listCatalog, _):
            return grants.contains { $0.allows("*", of: "registry", "catalog") }
        case (_, let repository?):
            let action =
                switch action.operation {
                case .pull, .list: "pull"
                case .push: "push"
                case .delete: "delete"
                case .admin: "*"
                }
            return grants.contains { grant in
                grant.allows(action, of: "repository", repository.value)
                    || alias.map { grant.allows(action, of: "repository", $0.value) } ?? false
            }
        case (_, nil): return false
        }
    }
}
