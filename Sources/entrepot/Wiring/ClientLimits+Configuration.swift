import Configuration
import DistributionAPI

extension ClientLimits.Settings {
    init(_ section: LimitsSection) {
        self.init(address: ClientLimits.Share(section.address), identity: ClientLimits.Share(section.identity))
    }
}

extension ClientLimits.Share {
    fileprivate init(_ share: LimitsSection.Share) {
        self.init(
            requests: Self.rate(share.requestsPerSecond, share.requestBurst),
            bytes: Self.rate(share.bytesPerSecond?.bytes, share.byteBurst?.bytes))
    }

    private static func rate(_ perSecond: Int?, _ burst: Int?) -> ClientLimits.Rate? {
        perSecond.map { ClientLimits.Rate(perSecond: Double($0), burst: Double(burst ?? $0)) }
    }
}
