import CurlClient
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

/// Every way an upstream fails is told as what it is.
@Suite struct UpstreamClientFailureTests {
    @Test(arguments: [
        (400, UpstreamError.Kind.invalidResponse), (401, .unauthorized), (403, .denied), (404, .notFound),
        (429, .rateLimited(retryAfter: 17)), (451, .denied), (500, .unavailable(status: 500)),
        (503, .unavailable(status: 503)), (416, .rangeNotSatisfiable), (204, .invalidResponse), (304, .invalidResponse),
    ])
    func aStatusIsToldAsWhatItIs(status: Int, kind: UpstreamError.Kind) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(status, [("Retry-After", "17")])
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == kind)
            #expect(await kindOf { _ = try await client.headBlob(repository, digest) } == kind)
            #expect(await kindOf { _ = try await client.blob(repository, digest, range: nil) } == kind)
        }
    }

    @Test func theUpstreamsOwnWordsAreInTheCauseOnly() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(404, text: #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no\u001b[31m such thing"}]}"#)
        } _: { server in
            let client = try makeClient(server)
            let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
            #expect(error?.message == "\(server.authority) answered 404")
            #expect(
                error?.description
                    == "\(server.authority) answered 404: status 404, MANIFEST_UNKNOWN, no.[31m such thing")
        }
    }

    @Test func aManifestHasALimit() async throws {
        let settings = UpstreamClientSettings.test { $0.maxManifestSize = 1000 }
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [
                .bytes(TestResponse.head(200, [("Transfer-Encoding", "chunked")], length: nil)),
                .endless(ByteBuffer(string: "4\r\nabcd\r\n")),
            ])
        } _: { server in
            let client = try makeClient(server, settings: settings)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .tooLarge)
        }
    }

    @Test(arguments: ["json", "prettyjws"])
    func schema1IsRefusedByName(suffix: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .manifest("{}", type: "application/vnd.docker.distribution.manifest.v1+\(suffix)")
        } _: { server in
            let client = try makeClient(server)
            let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
            #expect(error?.kind == .invalidResponse)
            #expect(error?.message.contains("schema 1") == true)
        }
    }

    @Test func aCutBodyBreaksOffBehindItsBytes() async throws {
        try await ScriptedHTTPServer.run { _ in
            .cut(ByteBuffer(string: "half"), promising: 8)
        } _: { server in
            let blob = try await makeClient(server).blob(repository, digest, range: nil)
            #expect(try await blob.body.next() == ByteBuffer(string: "half"))
            #expect(await kindOf { _ = try await blob.body.next() } == .cutShort)
        }
    }

    @Test(arguments: [("4\r\nabcd\r\n0\r\n\r\n", UpstreamError.Kind.cutShort), ("6\r\nabcdef\r\n0\r\n\r\n", .tooLarge)])
    func aPartOfAnotherLengthThanItsRangeBreaksOff(chunks: String, kind: UpstreamError.Kind) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(206, [("Content-Range", "bytes 5-9/10"), ("Transfer-Encoding", "chunked")], text: chunks)
        } _: { server in
            let blob = try await makeClient(server).blob(repository, digest, range: UpstreamRange(from: 5))
            #expect(await kindOf { while try await blob.body.next() != nil {} } == kind)
        }
    }

    @Test func aStalledBlobTimesOut() async throws {
        let settings = UpstreamClientSettings.test { $0.stallTimeout = .seconds(1) }
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.bytes(TestResponse.head(200, [], length: 10)), .hang])
        } _: { server in
            let client = try makeClient(server, settings: settings)
            // On a busy machine the head, too, may take longer than the limit: then this is where it shows.
            let kind = await kindOf {
                let blob = try await client.blob(repository, digest, range: nil)
                while try await blob.body.next() != nil {}
            }
            #expect(kind == .timedOut)
        }
    }

    @Test func aWholeAnswerHasATimeLimit() async throws {
        let settings = UpstreamClientSettings.test { $0.answerTimeout = .milliseconds(50) }
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.hang])
        } _: { server in
            let client = try makeClient(server, settings: settings)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .timedOut)
        }
    }

    @Test func nobodyThereIsRefused() async throws {
        let server = try await ScriptedHTTPServer.run { _ in
            .answer()
        } _: {
            $0
        }
        let client = try makeClient(server)
        let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
        #expect(error?.kind == .refused)
        #expect(error?.message == "\(server.authority) cannot be connected to")
    }

    @Test func tlsIsVerifiedAndTheClientShowsItsCertificate() async throws {
        let certificates = try TestCertificates()
        let tls = ScriptedHTTPServer.TLS(
            certificatePath: certificates.server, privateKeyPath: certificates.serverKey,
            clientAuthorityPath: certificates.authority)
        try await ScriptedHTTPServer.run(tls: tls) { _ in
            .manifest(index)
        } _: { server in
            var settings = UpstreamClientSettings.test
            let distrustful = try makeClient(server, settings: settings)
            #expect(await kindOf { _ = try await distrustful.manifest(repository, latest) } == .tls)
            settings.authorityBundle = certificates.authority
            let nameless = try makeClient(server, settings: settings)
            #expect(await kindOf { _ = try await nameless.manifest(repository, latest) } == .tls)
            settings.clientIdentity = .init(
                certificate: .file(certificates.client), privateKey: .file(certificates.clientKey))
            let known = try makeClient(server, settings: settings)
            #expect(try await known.manifest(repository, latest).mediaType == .imageIndex)
        }
    }
}
