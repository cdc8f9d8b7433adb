import Configuration
import CurlClient
import Logging
import Registry

/// Placeholder until the registry client lands.
struct UpstreamBuilder {
    let curl: CurlClient
    let configuration: Configuration
    let logger: Logger

    func namespaces() -> Namespaces {
        Namespaces([], fallback: nil)
    }
}
