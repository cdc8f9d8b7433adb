/// A registry that commands are pointed at, as `registries.toml` keeps it: where it is, and as whom it is asked.
public struct RegistryProfile: Sendable, Equatable {
    /// Under which it is kept; no part of an address.
    public let name: String
    /// `HOST[:PORT][/PREFIX]`, with a scheme or without.
    public var address: String
    public var username: String?
    public var passwordFile: String?
    /// A variable of the environment.
    public var passwordVariable: String?
    /// PEM files.
    public var authorityBundle: String?
    public var clientCertificate: String?
    public var clientKey: String?
    /// Goes before names of one component, as `library` does on Docker Hub.
    public var defaultRepository: String?

    /// Nil unless the name is letters, digits, dashes and underscores: with a dot or a colon it would be an address.
    public init?(name: String, address: String) {
        guard (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { return nil }
        self.name = name
        self.address = address
    }

    /// Keys of a profile's table, with what each is.
    static let keys: [(key: String, path: any WritableKeyPath<RegistryProfile, String?> & Sendable)] = [
        ("username", \.username), ("password_file", \.passwordFile), ("password_env", \.passwordVariable),
        ("ca_bundle", \.authorityBundle), ("client_certificate", \.clientCertificate), ("client_key", \.clientKey),
        ("default_repository", \.defaultRepository),
    ]

    /// The settings that it has, by their keys.
    public var settings: [(key: String, value: String)] {
        [("url", address)] + Self.keys.compactMap { entry in self[keyPath: entry.path].map { (entry.key, $0) } }
    }
}
