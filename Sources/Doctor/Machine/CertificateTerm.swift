/// When a certificate ends on which something depends.
public struct CertificateTerm: Sendable {
    public let subject: String
    /// Seconds since 1970.
    public let end: Int64

    private static let day: Int64 = 86_400
    /// Should have been renewed by then.
    public static let notice = 7 * day
    /// May be worth a look.
    private static let early = 21 * day

    public init(_ subject: String, end: Int64) {
        self.subject = subject
        self.end = end
    }

    public func finding(now: Int64) -> Finding {
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
