import Configuration
import CurlClient
import Upstream

/// The clients of one configuration by what they were made from.
struct UpstreamClients: Sendable {
    struct Key: Equatable {
        let section: UpstreamSection
        /// What its files held.
        let identity: CurlSettings.ClientIdentity?
        let maxManifestSize: DataSize
    }

    // A list: there are few, and secrets have no hash.
    private var clients: [(key: Key, client: UpstreamClient)] = []

    subscript(key: Key) -> UpstreamClient? {
        get { clients.first { $0.key == key }?.client }
        set {
            clients.removeAll { $0.key == key }
            if let newValue { clients.append((key, newValue)) }
        }
    }
}
