public import OCI

/// The name of an image as people write it: a repository with a tag, a digest or both.
public struct ImageName: Hashable, Sendable, CustomStringConvertible {
    public let repository: RepositoryName
    public let tag: Tag?
    public let digest: Digest?

    public init(_ repository: RepositoryName, tag: Tag? = nil, digest: Digest? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses `NAME[:TAG][@DIGEST]`, as clients pull it here: the name is the repository's own.
    public init?(_ text: some StringProtocol) {
        guard let parts = Self.split(String(text)), let repository = RepositoryName(parts.name) else { return nil }
        self.init(repository, tag: parts.tag, digest: parts.digest)
    }

    /// Parses a name as Docker understands it, where no registry means Docker Hub and `alpine` its `library/alpine`. The
    /// registry's port, which no repository's name can hold, is left out.
    public init?(docker text: some StringProtocol) {
        guard var parts = Self.split(String(text)) else { return nil }
        let components = parts.name.split(separator: "/", omittingEmptySubsequences: false)
        var host = "docker.io"
        var path = components[...]
        if components.count > 1, let first = components.first,
            first.contains(".") || first.contains(":") || first == "localhost"
        {
            host = String(first.prefix { $0 != ":" })
            path = components.dropFirst()
        }
        if host == "index.docker.io" || host == "registry-1.docker.io" { host = "docker.io" }
        if host == "docker.io", path.count == 1 { path = ["library"] + path }
        parts.name = ([Substring(host)] + path).joined(separator: "/")
        guard let repository = RepositoryName(parts.name) else { return nil }
        self.init(repository, tag: parts.tag, digest: parts.digest)
    }

    /// What it asks for; without tag and digest, the tag `latest`.
    public var reference: Reference {
        digest.map { .digest($0) } ?? .tag(tag ?? .latest)
    }

    public var description: String {
        "\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    private static func split(_ text: String) -> (name: String, tag: Tag?, digest: Digest?)? {
        var rest = text[...]
        for scheme in ["docker://", "oci://", "https://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        var digest: Digest?
        if let at = rest.lastIndex(of: "@") {
            guard let parsed = Digest(rest[rest.index(after: at)...]) else { return nil }
            digest = parsed
            rest = rest[..<at]
        }
        var tag: Tag?
        let start = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[start...].lastIndex(of: ":") {
            guard let parsed = Tag(rest[rest.index(after: colon)...]) else { return nil }
            tag = parsed
            rest = rest[..<colon]
        }
        return (String(rest), tag, digest)
    }
}

extension Tag {
    /// What a name without a tag means.
    package static let latest: Tag = {
        guard let tag = Tag("latest") else { preconditionFailure("it is a tag by the grammar") }
        return tag
    }()
}
