/// What a client is to pull, and the edge through which it should.
struct PullRequest: Sendable {
    /// Where Entrepot (or, in the recipes, a registry itself) listens.
    var host: String
    /// The namespace Entrepot knows the upstream by; `nil` where the registry is asked directly.
    var namespace: String?
    var name = "test/app"
    var tag = "multi"
    /// Set when the edge speaks TLS.
    var certificates: Certificates?
    /// Whether the client shows its own certificate as well.
    var presentsCertificate = false
    /// For registries that want them.
    var credentials: (user: String, password: String)?

    /// `127.0.0.1:5000/up.test/test/app:multi`: the edge, the namespace as a prefix, the name.
    var prefixed: String {
        ([host, namespace].compactMap { $0 } + ["\(name):\(tag)"]).joined(separator: "/")
    }
}
