public import OCI

/// A registry's host with its port where it has one, in lower case: what clients send as `?ns=`.
public struct RegistryHost: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public init?(_ text: String) {
        guard let authority = try? Authority(text) else { return nil }
        self.text = authority.description
    }

    /// The host that a repository's name itself is: one component with a dot or a colon, or `localhost`, which is how
    /// image references tell a registry from a path.
    public init?(impliedBy name: RepositoryName) {
        let text = name.description
        guard !text.contains("/"), text.contains(".") || text.contains(":") || text == "localhost" else { return nil }
        self.init(text)
    }

    public var description: String { text }
}
