internal import Hashing
internal import TextEncodings

/// By what a replica shows another that it knows the cluster's secret, for one request.
public enum PeerProof {
    /// Seconds by which clocks may differ, and for which a request that was overheard can be made again.
    static let window: Int64 = 60
    private static let scheme = "Entrepot-Replica "

    /// The `Authorization` field.
    ///
    /// - Parameters:
    ///   - target: Path and query.
    ///   - range: The `Range` field.
    ///   - now: Seconds since 1970.
    static func field(_ secret: ClusterSecret, _ method: String, _ target: String, _ range: String?, now: Int64)
        -> String
    {
        scheme + "\(now):" + Base64.url.encode(code(secret, method, target, range, now))
    }

    /// Whether the field was made for this request, lately, by who knows the secret.
    public static func isShown(
        by field: String?, _ secret: ClusterSecret, _ method: String, _ target: String, _ range: String?, now: Int64
    ) -> Bool {
        guard let field, field.hasPrefix(scheme), field.utf8.count < 200 else { return false }
        let parts = field.dropFirst(scheme.count).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let shown = Base64.url.decode(parts[1].utf8) else {
            return false
        }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        guard !overflow, (-window...window).contains(age) else { return false }
        return HMACSHA256.isSame(shown, code(secret, method, target, range, time))
    }

    private static func code(
        _ secret: ClusterSecret, _ method: String, _ target: String, _ range: String?, _ time: Int64
    ) -> [UInt8] {
        secret.proof("request\n\(method)\n\(target)\n\(range ?? "")\n\(time)")
    }
}
