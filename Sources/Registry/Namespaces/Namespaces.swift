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
        for namespace in byLength where name.hasPrefix(namespace.key) {
            if let rest = name.dropping(prefix: namespace.key) { return try repository(rest, in: namespace) }
            if namespace.isLocal { return Repository(namespace: namespace, name: name, remoteName: name) }
        }
        if let fallback { return try repository(name, in: fallback) }
        throw RegistryError(
            .nameUnknown,
            "no namespace takes the repository \(name); add repository.\"<namespace>\" to the configuration")
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
        return Repository(namespace: namespace, name: full, remoteName: remote)
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(100).map { (0x21...0x7E).contains($0.value) ? Character($0) : "?" })
    }
}
