import Configuration
import CurlClient
import Upstream

/// The clients of one configuration by what they were made from.
struct RegistryClients: Sendable {
    struct Key: Equatable {
        let section: UpstreamSection
        /// What its files held.
        let identity: CurlSettings.ClientIdentity?
        let maxManifestSize: DataSize
    }

    // A list: there are few, and secrets have no hash.
    private var clients: [(key: Key, client: RegistryClient)] = []

    subscript(key: Key) -> RegistryClient? {
        get { clients.first { $0.key == key }?.client }
        set {
            clients.removeAll { $0.key == key }
            if let newValue { clients.append((key, newValue)) }
        }
    }
}
