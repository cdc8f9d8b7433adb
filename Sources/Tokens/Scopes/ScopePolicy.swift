import OCI

/// Who may do what, as far as tokens need to know.
public protocol ScopePolicy: Sendable {
    /// Whether the subject may do this now, at this registry.
    func allows(_ access: ScopedAccess, to subject: TokenSubject, at service: ServiceName) async -> Bool
}

extension ScopePolicy {
    /// What of the requested scopes policy allows. Resources of which nothing is left are left out: a grant of less than
    /// was asked for, or of nothing, is no error.
    public func grant(
        _ requested: [ResourceScope], to subject: TokenSubject, at service: ServiceName
    ) async -> [ResourceScope] {
        var granted: [ResourceScope] = []
        // Anybody can have this work done: of strangers no more is looked at than clients ask for in one go.
        let most = subject.isAnonymous ? ScopeParser.maximumAnonymousEntries : requested.count
        for scope in requested.prefix(most) {
            // Others on this event loop go first.
            await Task.yield()
            let actions = await actions(of: scope, for: subject, service)
            guard !actions.isEmpty else { continue }
            granted.append(ResourceScope(type: scope.type, name: scope.name, actions: actions))
        }
        return granted
    }

    private func actions(of scope: ResourceScope, for subject: TokenSubject, _ service: ServiceName) async
        -> [ScopeAction]
    {
        switch (scope.type, scope.name) {
        case ("repository", _):
            guard let name = RepositoryName(scope.name) else { return [] }
            let wantsEverything = scope.actions.contains(.everything)
            var allowed: [ScopeAction] = []
            for operation in ScopedAccess.Operation.allCases
            where wantsEverything || scope.actions.contains(operation.action) {
                if await allows(.repository(name, operation), to: subject, at: service) {
                    allowed.append(operation.action)
                }
            }
            if wantsEverything {
                return allowed.count == ScopedAccess.Operation.allCases.count ? [.everything] : allowed
            }
            return scope.actions.filter(allowed.contains)
        case ("registry", "catalog"):
            guard scope.actions.contains(.everything), await allows(.catalog, to: subject, at: service) else {
                return []
            }
            return [.everything]
        default:
            return []
        }
    }
}
