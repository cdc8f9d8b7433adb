import Access
import Hashing
import NIOCore
import NIOHTTP1
import OCI
import Testing
import Threads

/// Who may come to the registry of a test: `alice`, who is in `ops`, and `bob`, whose passwords are their names.
enum TestUsers {
    static let digest = "sha256:" + String(repeating: "a", count: 64)

    static func access(
        global: AccessPolicy? = nil, local: AccessPolicy? = nil, fallback: DefaultAccess = .reads,
        bearer: (any BearerVerifier)? = nil, challenger: any Challenger = BasicChallenger()
    ) throws -> AccessControl {
        var users: [User] = []
        for (name, groups) in [("alice", ["ops"]), ("bob", [])] {
            users.append(
                User(
                    id: try #require(IdentityID(name)), username: try #require(Username(name)), groups: groups,
                    password: try hashes.get(name)))
        }
        var repositories: [RepositoryName: AccessPolicy] = [:]
        repositories[try #require(RepositoryName("local"))] = local
        return AccessControl(
            users: Users(users),
            policies: AccessPolicies(global: global, repositories: repositories, fallback: fallback),
            passwords: PasswordVerifier(pool: .shared) { .uptimeNanoseconds(1_000_000_000_000) }, bearer: bearer,
            challenger: challenger)
    }

    /// Made once: hashing is slow on purpose.
    private static let hashes = Result<[String: PasswordHash], any Error> {
        var hashes: [String: PasswordHash] = [:]
        for name in ["alice", "bob"] { hashes[name] = try PasswordHash(hashing: Array(name.utf8), by: .argon2id) }
        return hashes
    }

    static func policy(_ defaultAllow: Bool, _ rules: String...) throws -> AccessPolicy {
        AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
    }

    static let alice: HTTPHeaders = ["Authorization": "Basic YWxpY2U6YWxpY2U="]
    static let bob: HTTPHeaders = ["Authorization": "Basic Ym9iOmJvYg=="]
    static let wrong: HTTPHeaders = ["Authorization": "Basic YWxpY2U6Ym9i"]
    static let basic = #"Basic realm="Entrepot", charset="UTF-8""#

    static let writes: [(HTTPMethod, String)] = [
        (.POST, "local/x/blobs/uploads/"), (.PUT, "local/x/manifests/v1"), (.DELETE, "local/x/manifests/v1"),
        (.DELETE, "local/x/blobs/\(digest)"), (.PUT, "overlay/x/manifests/v1"), (.PUT, "mirror/x/manifests/v1"),
        (.PUT, "nowhere/x/manifests/v1"), (.PATCH, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
        (.PUT, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=\(digest)"),
        (.DELETE, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
    ]
}

extension Result where Success == [String: PasswordHash], Failure == any Error {
    fileprivate func get(_ name: String) throws -> PasswordHash { try #require(try get()[name]) }
}
