import TextEncodings

/// Name and password for one upstream. Never prints either.
public struct RegistryCredentials: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    let username: String
    let password: String

    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    public var description: String { "RegistryCredentials(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of an `Authorization` header (RFC 7617).
    var basic: String { "Basic " + Base64.standard.encode("\(username):\(password)".utf8) }
}
