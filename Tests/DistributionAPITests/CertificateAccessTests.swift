import Access
import DistributionAPI
import HTTPServer
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

/// Clients that are known by their certificates.
@Suite(.timeLimit(.minutes(1))) struct CertificateAccessTests {
    @Test func `a certificate says who somebody is`() async throws {
        let certificates = try TestCertificates()
        let certificate = try #require(try NIOSSLCertificate.fromPEMFile(certificates.client).first)
        try await Workshop.open { shop in
            let access = AccessControl(
                policies: AccessPolicies(
                    global: try TestUsers.policy(
                        false,
                        "identity.id == null && identity.certificate.common_names == ['client'] "
                            + "&& 'Test client' in identity.certificate.organizations "
                            + "&& cidr('192.0.2.0/24').containsIP(identity.client_ip)")))
            let api = PushClient(shop, access: access).api
            for (address, presented, status) in [
                ("192.0.2.1", [certificate], HTTPResponseStatus.ok), ("198.51.100.1", [certificate], .forbidden),
                ("192.0.2.1", [], .forbidden), ("::ffff:192.0.2.1", [certificate], .ok),
            ] {
                let response = await api.respond(
                    to: Request(
                        target: "/v2/_catalog", clientAddress: try SocketAddress(ipAddress: address, port: 1),
                        isSecure: true, clientCertificates: presented))
                #expect(response.status == status)
            }
        }
    }

    @Test func `whom a certificate names needs no invitation to log in`() async throws {
        let certificates = try TestCertificates()
        let certificate = try #require(try NIOSSLCertificate.fromPEMFile(certificates.client).first)
        try await Workshop.open { shop in
            let access = try TestUsers.access(
                global: TestUsers.policy(
                    false, "identity.id != null || identity.certificate.common_names == ['client']"))
            let api = PushClient(shop, access: access).api
            for (presented, status) in [([certificate], HTTPResponseStatus.ok), ([], .unauthorized)] {
                let response = await api.respond(
                    to: Request(target: "/v2/", isSecure: true, clientCertificates: presented))
                #expect(response.status == status)
            }
        }
    }
}
