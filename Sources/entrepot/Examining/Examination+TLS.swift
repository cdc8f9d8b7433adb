import Configuration
import Doctor

extension Examination {
    func tlsFindings(_ configuration: Configuration) -> [Finding] {
        let now = WallClock.seconds()
        var found = CertificateExpiry.all(configuration).map { expiry in
            let owner = expiry.owner.isEmpty ? "" : " \(expiry.owner)"
            return CertificateTerm("\(expiry.use.rawValue)\(owner)", start: expiry.start, end: expiry.end).finding(
                now: now)
        }
        let upstreams = configuration.repositories.flatMap(\.upstreams)
        let keys =
            [configuration.server.tls?.serverPrivateKey] + upstreams.map { $0.clientCertificate?.privateKey }
            + upstreams.map { upstream in
                guard case .file(let path)? = upstream.credentials?.source else { return nil }
                return path
            }
        found += Set(keys.compactMap { $0 }).sorted().compactMap { KeyFile($0).finding }
        if configuration.server.tls == nil, !configuration.server.bindAddress.isLoopback {
            found.append(
                Finding(
                    .note, .tls, "server.tls", "clients of other machines talk to this server without encryption",
                    remedy: "set [server.tls], unless something in front of it speaks TLS"))
        }
        return found
    }
}
