import Configuration

/// This server as container runtimes on the machine would name it, and what they find there.
public struct MirrorServer: Sendable {
    public struct Share: Sendable, Equatable {
        /// What names begin with here.
        public let key: String
        /// The registry that it stands for; nil for none.
        public let registry: String?

        public init(key: String, registry: String?) {
            self.key = key
            self.registry = registry
        }
    }

    public let usesTLS: Bool
    public let port: Int
    /// Names and addresses, in lower case, IPv6 without brackets.
    public let names: Set<String>
    public let shares: [Share]
    /// Whether names that begin with none of these are taken too.
    public let takesBareNames: Bool
    private let addresses: @Sendable (String) -> [String]

    /// - Parameter addresses: What a host's name means; may block.
    public init(
        usesTLS: Bool, port: Int, names: Set<String>, shares: [Share], takesBareNames: Bool,
        addresses: @escaping @Sendable (String) -> [String]
    ) {
        self.usesTLS = usesTLS
        self.port = port
        self.names = names
        self.shares = shares
        self.takesBareNames = takesBareNames
        self.addresses = addresses
    }

    func isAt(_ url: UpstreamURL) -> Bool {
        guard url.port ?? (url.scheme == .https ? 443 : 80) == port else { return false }
        return names.contains(url.host) || !names.isDisjoint(with: addresses(url.host))
    }

    /// Nil if it serves what is in that registry.
    func whyNot(_ registry: String) -> String? {
        guard !shares.contains(where: { $0.registry == registry }) else { return nil }
        return "asks this server for \(registry), for which it has no mirror"
    }

    static func remedyOfShare(_ registry: String) -> String {
        "add [[repository.\"\(registry)\".upstream]] with its url, or take this file away"
    }

    var scheme: String { usesTLS ? "https" : "http" }
}
