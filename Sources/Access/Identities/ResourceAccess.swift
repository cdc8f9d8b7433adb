public import OCI

/// What may be done with one resource, as tokens and challenges say it (Docker token specification, "access").
public struct ResourceAccess: Sendable, Hashable {
    /// `repository` or `registry`.
    public let type: String
    public let name: String
    /// `pull`, `push`, `delete`, or `*` for all.
    public let actions: [String]

    public init(type: String, name: String, actions: [String]) {
        self.type = type
        self.name = name
        self.actions = actions
    }

    public init(repository: RepositoryName, actions: [String]) {
        self.init(type: "repository", name: repository.value, actions: actions)
    }

    /// `registry:catalog:*`
    public static let catalog = ResourceAccess(type: "registry", name: "catalog", actions: ["*"])

    func allows(_ action: String, of type: String, _ name: String) -> Bool {
        self.type == type && self.name == name && actions.contains { $0 == action || $0 == "*" }
    }
}
