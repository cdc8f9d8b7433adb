import Configuration
import NIOSSL

/// When a certificate ends on which something depends. Of a file with several it is the first to end.
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
    /// Seconds since 1970.
    var end: Int64

    /// Those of all certificates that a configuration names, read from their files; what cannot be read is left out, since
    /// whoever uses it has said so. Blocks.
    static func all(_ configuration: Configuration) -> [CertificateExpiry] {
        var found: [CertificateExpiry] = []
        func look(_ use: Use, _ owner: String, _ path: String?) {
            guard let path, let end = firstEnd(path) else { return }
            found.append(CertificateExpiry(use: use, owner: owner, end: end))
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

    private static func firstEnd(_ path: String) -> Int64? {
        (try? NIOSSLCertificate.fromPEMFile(path))?.map { Int64($0.notValidAfter) }.min()
    }
}
