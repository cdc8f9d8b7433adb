internal import OCI
internal import Registry

/// What became of the repositories below a prefix, as JSON.
struct PurgeReport: Encodable {
    struct Entry: Encodable {
        var repository: String
        var purged: Int
    }

    var purged: Int
    var repositories: [Entry]
    /// Ask again for the rest.
    var more: Bool

    init(_ purge: PrefixPurge) {
        repositories = purge.repositories.map { Entry(repository: $0.name.value, purged: $0.tags) }
        purged = repositories.reduce(0) { $0 + $1.purged }
        more = purge.hasMore
    }
}

/// What became of the tags below a prefix, as JSON.
struct RefreshReport: Encodable {
    struct Entry: Encodable {
        var repository: String
        var tag: String
        var digest: String?
        var warning: String?
        var error: String?
    }

    var refreshed: [Entry]
    /// What to ask for the rest with, as `after`; nil if there is none.
    var next: String?

    init(_ refresh: PrefixRefresh) {
        refreshed = refresh.tags.map { tagged in
            var entry = Entry(repository: tagged.repository.value, tag: tagged.tag.value)
            switch tagged.outcome {
            case .success(let (digest, warning)): (entry.digest, entry.warning) = (digest.description, warning)
            case .failure(let error): entry.error = error.message
            }
            return entry
        }
        next = refresh.hasMore ? refresh.tags.last.map { "\($0.repository):\($0.tag)" } : nil
    }
}
