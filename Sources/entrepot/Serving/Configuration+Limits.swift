import Configuration
import Registry

extension ServerSection {
    /// Whether everyone who can connect may be trusted with a push: this machine's own users, or holders of a
    /// certificate from the configured authority.
    var knowsItsClients: Bool {
        bindAddress.isLoopback || tls?.clients?.authentication == .required
    }
}

extension FillLimits {
    init(_ configuration: Configuration) {
        self.init(
            concurrent: configuration.fills.maxConcurrent, orphans: configuration.fills.maxOrphans,
            blobSize: Int64(configuration.server.maxBlobSize.bytes))
    }
}

extension PushLimits {
    init(_ configuration: Configuration) {
        self.init(
            manifestSize: Int(configuration.server.maxManifestSize.bytes),
            blobSize: Int64(configuration.server.maxBlobSize.bytes))
    }
}

extension UpstreamLimits {
    init(_ section: ResilienceSection) {
        self.init(
            headerTimeout: section.headerTimeout.duration, hedgeDelay: section.hedgeDelay.duration,
            breakerFailures: section.breakerFailures, breakerPause: section.breakerPause.duration)
    }
}
