public import OCI

/// One thing that a token can allow, as policy is asked about it.
public enum ScopedAccess: Hashable, Sendable {
    case repository(RepositoryName, Operation)
    case catalog

    public enum Operation: Hashable, Sendable, CaseIterable {
        case pull, push, delete

        public var action: ScopeAction {
            switch self {
            case .pull: .pull
            case .push: .push
            case .delete: .delete
            }
        }
    }

    /// The scope that asks for it, as a challenge names it.
    public var scope: ResourceScope {
        switch self {
        case .repository(let name, let operation):
            ResourceScope(type: "repository", name: name.value, actions: [operation.action])
        case .catalog:
            ResourceScope(type: "registry", name: "catalog", actions: [.everything])
        }
    }
}

extension ScopedAccess {
    /// Scopes for several accesses, one entry for each resource.
    public static func scopes(_ accesses: [ScopedAccess]) -> [ResourceScope] {
        ScopeParser.parse(accesses.map { $0.scope.description })
    }
}

extension Sequence<ResourceScope> {
    /// Whether these entries of a token allow it.
    public func allow(_ access: ScopedAccess) -> Bool {
        let wanted = access.scope
        return contains { entry in
            entry.type == wanted.type && entry.name == wanted.name
                && entry.actions.contains { $0 == .everything || $0 == wanted.actions.first }
        }
    }

    /// Entries as one text, as `scope` of challenges and answers has it.
    public var scopeText: String { map(\.description).joined(separator: " ") }
}
