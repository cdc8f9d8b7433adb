public import OCI

/// All namespaces of a configuration, and which of them a request means.
public struct Namespaces: Sendable {
    /// Longest key first, so that the first match is the best.
    private let byLength: [Namespace]
    private let byHost: [String: Namespace]
    /// Takes the names that match nothing.
    private let fallback: Namespace?

    /// In no order that means anything.
    public var all: [Namespace] { byLength }

    /// - Parameter fallback: The key of the namespace for names that match none (`server.default_repository`).
    public init(_ namespaces: [Namespace], fallback: RepositoryName?) {
        byLength = namespaces.sorted { $0.key.value.utf8.count > $1.key.value.utf8.count }
        byHost = Dictionary(
            namespaces.compactMap { space in space.host.map { ($0.lowercased(), space) } },
            uniquingKeysWith: { first, _ in first })
        self.fallback = fallback.flatMap { key in namespaces.first { $0.key == key } }
    }

    /// The repository that `name` means.
    ///
    /// - Parameters:
    ///   - host: The registry the client was really after (`?ns=`); nil if it did not say.
    /// - Throws: `NAME_UNKNOWN` if no namespace takes the name. A `host` that nobody stands for takes nothing, not even
    ///   to the default repository: the client would get another registry's image under that name.
    public func repository(_ name: RepositoryName, host: String? = nil) throws(RegistryError) -> Repository {
        if let host {
            guard let namespace = byHost[host.lowercased()] else {
                throw RegistryError(
                    .nameUnknown,
                    "no namespace stands for the registry \(Self.printable(host)); add repository.\"<namespace>\" with that namespace"
                )
            }
            // With containerd's `override_path` the path may carry the namespace as well.
            let rest =
                name.dropping(prefix: namespace.key)
                ?? RepositoryName(host).flatMap { name.dropping(prefix: $0) } ?? name
            return try repository(rest, in: namespace)
        }
        if let owner = owner(of: name) {
            guard let rest = name.dropping(prefix: owner.key) else {
                return Repository(namespace: owner, name: name, remoteName: name)
            }
            return try repository(rest, in: owner)
        }
        if let fallback { return try repository(name, in: fallback) }
        throw RegistryError(
            .nameUnknown,
            "no namespace takes the repository \(name); add repository.\"<namespace>\" to the configuration")
    }

    /// The namespace that names like this are stored under and judged by: that of the longest key.
    private func owner(of name: RepositoryName) -> Namespace? {
        byLength.first { namespace in
            // A local namespace has a repository of its own name; an upstream has none without a name.
            name.dropping(prefix: namespace.key) != nil || (namespace.isLocal && name == namespace.key)
        }
    }

    private func repository(_ rest: RepositoryName, in namespace: Namespace) throws(RegistryError) -> Repository {
        let remote: RepositoryName
        if namespace.impliesLibrary, !rest.value.utf8.contains(UInt8(ascii: "/")),
            let library = RepositoryName("library/\(rest)")
        {
            remote = library
        } else {
            remote = rest
        }
        guard let full = remote.prefixed(by: namespace.key) else {
            throw RegistryError(
                .nameInvalid, "the repository name is longer than \(RepositoryName.maximumLength) characters")
        }
        // A namespace within this one may own the name that `?ns=`, the default or `library/` led to. It must not be
        // reached past that one's upstreams and policy.
        if let owner = owner(of: full), owner.key != namespace.key { return try self.repository(full) }
        return Repository(namespace: namespace, name: full, remoteName: remote)
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(100).map { (0x21...0x7E).contains($0.value) ? Character($0) : "?" })
    }
}
