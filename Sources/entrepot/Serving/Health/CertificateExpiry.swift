import Configuration
import Doctor
import Logging
import NIOSSL
import Observability

/// When a certificate begins and ends on which something depends. Of a file with several it is the last to begin and the first
/// to end.
struct CertificateExpiry: Sendable, Hashable {
    /// What it is for.
    enum Use: String, Sendable {
        case server
        /// Vouches for clients.
        case clientAuthority = "client_authority"
        /// Vouches for an upstream.
        case upstreamAuthority = "upstream_authority"
        /// Shown to an upstream.
        case upstreamClient = "upstream_client"
        /// Vouches for the bucket's server.
        case bucketAuthority = "bucket_authority"
    }

    var use: Use
    /// The upstream's host or the bucket; empty for the server's own.
    var owner: String
    /// The file.
    var path: String
    /// Seconds since 1970.
    var start: Int64
    var end: Int64

    /// Those of all certificates that a configuration names, read from their files; what cannot be read is left out, since
    /// whoever uses it has said so. Blocks.
    static func all(_ configuration: Configuration) -> [CertificateExpiry] {
        var found: [CertificateExpiry] = []
        func look(_ use: Use, _ owner: String, _ path: String?) {
            guard let path, let certificates = try? NIOSSLCertificate.fromPEMFile(path),
                let start = certificates.map({ Int64($0.notValidBefore) }).max(),
                let end = certificates.map({ Int64($0.notValidAfter) }).min()
            else { return }
            found.append(CertificateExpiry(use: use, owner: owner, path: path, start: start, end: end))
        }
        if let tls = configuration.server.tls {
            look(.server, "", tls.serverCertificateBundle)
            look(.clientAuthority, "", tls.clients?.caBundle)
        }
        for upstream in configuration.repositories.flatMap(\.upstreams) {
            look(.upstreamAuthority, upstream.url.host, upstream.serverCABundle)
            look(.upstreamClient, upstream.url.host, upstream.clientCertificate?.certificate)
        }
        if case .s3(let section) = configuration.storage { look(.bucketAuthority, section.bucket, section.caBundle) }
        return found
    }

    /// Whether something is to be done about it.
    func isDue(_ now: Int64) -> Bool { end - now < CertificateTerm.notice || start > now }

    /// Whether no client talks to this server.
    func isRefused(_ now: Int64) -> Bool { use == .server && (start > now || end < now) }

    /// Which it is, and when it ends.
    func sentence(_ now: Int64) -> String {
        let what =
            switch use {
            case .server: "the server's certificate"
            case .clientAuthority: "the authority of clients"
            case .upstreamAuthority: "the authority of \(owner)"
            case .upstreamClient: "the certificate that is shown to \(owner)"
            case .bucketAuthority: "the authority of the bucket \(owner)"
            }
        func day(_ time: Int64) -> Substring { LogFormat.timestamp(seconds: Int(time), milliseconds: 0).prefix(10) }
        guard start <= now else {
            return "\(what), \(path), is not valid before \(day(start)); set the clock, or use another one until then"
        }
        return "\(what), \(path), \(end < now ? "ended" : "ends") on \(day(end)); renew it"
    }
}

extension Logger {
    /// That clients do not come in any more.
    func warnOf(_ certificates: [CertificateExpiry]) {
        let now = WallClock.seconds()
        for expiry in certificates where expiry.isRefused(now) { error("\(expiry.sentence(now))") }
    }
}
