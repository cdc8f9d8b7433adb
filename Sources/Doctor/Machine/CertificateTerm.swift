/// When a certificate begins and ends on which something depends.
public struct CertificateTerm: Sendable {
    public let subject: String
    /// Seconds since 1970.
    public let start: Int64
    public let end: Int64

    private static let day: Int64 = 86_400
    /// Should have been renewed by then.
    public static let notice = 7 * day
    /// May be worth a look.
    private static let early = 21 * day

    public init(_ subject: String, start: Int64 = 0, end: Int64) {
        self.subject = subject
        self.start = start
        self.end = end
    }

    public func finding(now: Int64) -> Finding {
        guard start <= now else {
            return Finding(
                .failure, .tls, subject, "is not valid before \((start - now) / 3600 + 1) hours from now",
                remedy: "set the clock, or use another one until then")
        }
        let days = (end - now) / Self.day
        let remedy = "renew it; the server takes the new file on by itself"
        switch end - now {
        case ..<0:
            return Finding(.failure, .tls, subject, "ended \(-days) days ago", remedy: remedy)
        case ..<Self.notice:
            return Finding(.warning, .tls, subject, "ends in \((end - now) / 3600) hours", remedy: remedy)
        case ..<Self.early: return Finding(.note, .tls, subject, "ends in \(days) days", remedy: remedy)
        default: return Finding(.ok, .tls, subject, "ends in \(days) days")
        }
    }
}
