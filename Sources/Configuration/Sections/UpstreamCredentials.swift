/// A user name and its password, with where the password came from so that it can be shown without being shown.
public struct UpstreamCredentials: Sendable, Equatable {
    public let username: String
    public let password: Secret
    public let source: Source

    public init(username: String, password: Secret, source: Source = .inline) {
        self.username = username
        self.password = password
        self.source = source
    }

    public enum Source: Sendable, Equatable {
        /// `password`
        case inline
        /// `password_file`
        case file(path: String)
        /// `password_env`
        case environment(name: String)
    }
}
