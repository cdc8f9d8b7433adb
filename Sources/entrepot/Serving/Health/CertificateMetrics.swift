import Metrics
import NIOConcurrencyHelpers

/// Shows when certificates end.
final class CertificateMetrics: Sendable {
    private struct Key: Hashable {
        let use: CertificateExpiry.Use
        let owner: String
    }

    private let shown = NIOLockedValueBox<[Key: Gauge]>([:])

    /// Shows these, and no others any more.
    func show(_ expiries: [CertificateExpiry]) {
        // Several upstreams of one host may have a file each.
        let ends = Dictionary(
            expiries.map { (Key(use: $0.use, owner: $0.owner), $0.end) }, uniquingKeysWith: { min($0, $1) })
        shown.withLockedValue { shown in
            for (key, gauge) in shown where ends[key] == nil {
                // Not 0, which would be an end long ago.
                gauge.record(Double.nan)
            }
            for (key, end) in ends {
                let gauge =
                    shown[key]
                    ?? Gauge(
                        label: "entrepot_certificate_expiry_timestamp_seconds",
                        dimensions: [("use", key.use.rawValue), ("owner", key.owner)])
                gauge.record(end)
                shown[key] = gauge
            }
        }
    }
}
