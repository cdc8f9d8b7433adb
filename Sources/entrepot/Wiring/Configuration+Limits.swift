import Configuration
import Registry

extension FillLimits {
    init(_ configuration: Configuration) {
        self.init(
            concurrent: configuration.fills.maxConcurrent, wait: configuration.limits.wait.duration,
            orphans: configuration.fills.maxOrphans, blobSize: Int64(configuration.server.maxBlobSize.bytes),
            peerPatience: configuration.resilience.headerTimeout.duration)
    }
}

extension PushLimits {
    init(_ configuration: Configuration) {
        self.init(
            manifestSize: Int(configuration.server.maxManifestSize.bytes),
            blobSize: Int64(configuration.server.maxBlobSize.bytes))
    }
}

extension ResilienceLimits {
    init(_ section: ResilienceSection) {
        self.init(
            headerTimeout: section.headerTimeout.duration, hedgeDelay: section.hedgeDelay.duration,
            breakerFailures: section.breakerFailures, breakerPause: section.breakerPause.duration)
    }
}
