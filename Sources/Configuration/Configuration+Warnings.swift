extension Configuration {
    /// What is allowed and probably not meant. Nothing is refused for it.
    public var warnings: [ConfigurationProblem] {
        repositories.flatMap { repository in
            repository.upstreams.enumerated().compactMap { index, upstream in
                guard upstream.url.scheme == .http, !upstream.url.isLoopback,
                    upstream.credentials != nil || upstream.credentialHelper != nil
                else { return nil }
                return ConfigurationProblem(
                    file: nil, line: nil, keyPath: "repository.\"\(repository.name)\".upstream[\(index)].url",
                    message: "the password is sent to \(upstream.url) without TLS, for anybody on the way to read",
                    remedy: "use https, or take the credentials away")
            }
        }
    }
}
