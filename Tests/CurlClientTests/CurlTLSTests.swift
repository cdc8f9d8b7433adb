import CurlClient
import Foundation
import NIOCore
import TestSupport
import Testing

@Suite struct CurlTLSTests {
    private let client = CurlClient(proxies: .none)
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates()
    }

    private func outcome(
        of settings: CurlSettings, clientAuthority: String? = nil, host: String = "127.0.0.1"
    ) async throws -> CurlError.Code? {
        let tls = ScriptedHTTPServer.TLS(
            certificatePath: certificates.server, privateKeyPath: certificates.serverKey,
            clientAuthorityPath: clientAuthority)
        return try await ScriptedHTTPServer.run(tls: tls) { _ in
            .answer(text: "secure")
        } _: { server in
            await codeOf {
                let response = try await client.execute(
                    CurlRequest(url: "https://\(host):\(server.port)/", settings: settings))
                _ = try await response.body.collect(upTo: 100)
                return response
            }
        }
    }

    @Test func aPrivateAuthorityIsTrustedWhereNamed() async throws {
        #expect(try await outcome(of: CurlSettings(trustRoots: .bundle(certificates.authority))) == nil)
        #expect(try await outcome(of: CurlSettings(trustRoots: .bundleAndSystem(certificates.authority))) == nil)
    }

    @Test func anUnknownAuthorityIsNot() async throws {
        #expect(try await outcome(of: CurlSettings()) == .tls(.verification))
        #expect(
            try await outcome(of: CurlSettings(trustRoots: .bundle(certificates.client))) == .tls(.verification))
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func aCertificateOfATrustedAuthorityForAnotherHostIsNot(host: String) async throws {
        let settings = CurlSettings(trustRoots: .bundle(certificates.authority))
        #expect(try await outcome(of: settings, host: host) == nil)
        let tls = ScriptedHTTPServer.TLS(
            certificatePath: certificates.other, privateKeyPath: certificates.otherKey)
        try await ScriptedHTTPServer.run(tls: tls) { _ in
            .answer(text: "not yours")
        } _: { server in
            let request = CurlRequest(url: "https://\(host):\(server.port)/", settings: settings)
            #expect(await codeOf { try await client.execute(request) } == .tls(.verification))
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aBundleThatCannotBeReadIsSaidToBe() async throws {
        let settings = CurlSettings(trustRoots: .bundle("/nowhere/ca.pem"))
        #expect(try await outcome(of: settings) == .tls(.trustRoots))
    }

    @Test func aBundleThatWasReplacedIsReadAgain() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bundle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let bundle = folder.appending(path: "ca.pem")
        let settings = CurlSettings(trustRoots: .bundle(bundle.path))
        try Data(contentsOf: URL(filePath: certificates.client)).write(to: bundle)
        #expect(try await outcome(of: settings) == .tls(.verification))
        try Data(contentsOf: URL(filePath: certificates.authority)).write(to: bundle, options: .atomic)
        #expect(try await outcome(of: settings) == nil)
    }

    @Test func aServerThatAsksForACertificateGetsIt() async throws {
        let identity = CurlSettings.ClientIdentity(
            certificate: .file(certificates.client), privateKey: .file(certificates.clientKey))
        let settings = CurlSettings(trustRoots: .bundle(certificates.authority), clientIdentity: identity)
        #expect(try await outcome(of: settings, clientAuthority: certificates.authority) == nil)
    }

    @Test func aServerThatAsksForACertificateRefusesWithout() async throws {
        let settings = CurlSettings(trustRoots: .bundle(certificates.authority))
        #expect(try await outcome(of: settings, clientAuthority: certificates.authority) == .tls(.clientCertificate))
    }

    @Test func aClientCertificateThatCannotBeReadIsSaidToBe() async throws {
        let identity = CurlSettings.ClientIdentity(
            certificate: .file("/nowhere/a.pem"), privateKey: .file("/nowhere/a.key"))
        let settings = CurlSettings(trustRoots: .bundle(certificates.authority), clientIdentity: identity)
        #expect(
            try await outcome(of: settings, clientAuthority: certificates.authority) == .tls(.clientCertificate))
    }

    /// Two identities on one host, as two namespaces have them, or one whose files were replaced.
    @Test func aConnectionOfOneIdentityIsNotUsedForAnother() async throws {
        let others = try TestCertificates(signedBy: certificates)
        let tls = ScriptedHTTPServer.TLS(
            certificatePath: certificates.server, privateKeyPath: certificates.serverKey,
            clientAuthorityPath: certificates.authority)
        try await ScriptedHTTPServer.run(tls: tls) { _ in
            .answer(text: "x")
        } _: { server in
            let client = CurlClient(proxies: .none)
            for (files, connections) in [
                (certificates, 1), (certificates, 1), (others, 2), (certificates, 2), (others, 2),
            ] {
                func bytes(_ path: String) throws -> CurlSettings.ClientIdentity.PEM {
                    .bytes([UInt8](try Data(contentsOf: URL(filePath: path))))
                }
                let settings = CurlSettings(
                    trustRoots: .bundle(certificates.authority),
                    clientIdentity: .init(
                        certificate: try bytes(files.client), privateKey: try bytes(files.clientKey)))
                let answer = try await client.execute(CurlRequest(url: server.url, method: .get, settings: settings))
                _ = try await answer.body.collect(upTo: 10)
                #expect(server.connections == connections)
            }
        }
    }
}
