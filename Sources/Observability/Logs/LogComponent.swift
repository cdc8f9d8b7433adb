/// A part of the server whose lines have a level of their own. Its logger's label is `entrepot.` and its name.
public enum LogComponent: String, Sendable, CaseIterable {
    /// One line for each request.
    case access
    /// Connections, TLS, HTTP.
    case server
    /// The registry's endpoints, access, tokens and administration.
    case api
    /// What is held, fetched and pushed.
    case registry
    /// Questions to upstreams.
    case upstream
    /// Eviction, collection, retention and scrub.
    case janitor
    /// Reading and taking on configurations.
    case configuration
    /// Starting and stopping.
    case services

    /// Whether lines that repeat themselves are folded: not where each tells of an event of its own, and one that comes late would
    /// tell of what is long mended.
    var folds: Bool { self != .access && self != .configuration }

    private static let prefix = "entrepot."

    public var label: String { Self.prefix + rawValue }

    /// Nil for the label of none.
    init?(label: String) {
        guard label.hasPrefix(Self.prefix) else { return nil }
        self.init(rawValue: String(label.dropFirst(Self.prefix.count)))
    }
}
