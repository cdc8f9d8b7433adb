import Access
import DistributionAPI
import Hashing
import Logging
import NIOCore
import NIOHTTP1
import OCI
import TestSupport
import Testing

@testable import HTTPServer

/// The short way and the long one lead to the same answer, and the short one is for those alone whom nothing has to be asked of.
@Suite(.timeLimit(.minutes(1))) struct AtOnceTests {
    private let content = ByteBuffer(string: "0123456789")
    private let manifest =
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:\#(String(repeating: "a", count: 64))","size":2},"layers":[]}"#

    /// With a manifest and a blob that were served a moment ago.
    private func withServed(
        _ access: AccessControl = .open, _ body: @Sendable (DistributionAPI, _ targets: [String]) async throws -> Void
    ) async throws {
        try await Workshop.open { shop in
            let api = DistributionAPI(
                registry: shop.registry, namespaces: shop.namespaces, readiness: Readiness(), access: access,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let targets = [
                "/v2/", "/v2/mirror/x/manifests/v1", "/v2/mirror/x/manifests/\(digest)",
                "/v2/mirror/x/blobs/\(shop.upstream.hold(content))",
            ]
            for target in targets + targets + targets {
                let response = await api.respond(to: Request(target: target))
                _ = try await response.body.collect(upTo: 1 << 20)
            }
            try await body(api, targets)
        }
    }

    @Test(
        arguments: [[:], ["Range": "bytes=2-5"], ["Range": "bytes=50-"], ["If-None-Match": "\"x\""]] as [HTTPHeaders])
    func bothWaysLeadToTheSameAnswer(fields: HTTPHeaders) async throws {
        try await withServed { api, targets in
            for target in targets {
                let request = Request(target: target, headers: fields)
                let long = await api.respond(to: request)
                let short = try #require(api.respondAtOnce(to: request), "for \(target)")
                #expect(short.status == long.status)
                #expect(Array(short.headers).map { "\($0)" } == Array(long.headers).map { "\($0)" })
                #expect(text(short) == text(long))
            }
        }
    }

    @Test(
        arguments: [
            (HTTPMethod.GET, "?ns=mirror.example", [:]), (.HEAD, "", [:]), (.PUT, "", [:]),
            (.GET, "", ["Authorization": "Basic eDp5"]),
        ] as [(HTTPMethod, String, HTTPHeaders)])
    func moreThanThatGoesTheLongWay(method: HTTPMethod, query: String, fields: HTTPHeaders) async throws {
        try await withServed { api, targets in
            for target in targets {
                let request = Request(method: method, target: target + query, headers: fields)
                #expect(api.respondAtOnce(to: request)?.status == nil, "for \(target)")
            }
        }
    }

    /// Its file may be shorter than it was.
    @Test(arguments: [Exchange.Outcome.complete, .clientLeft, .failed])
    func whatBrokeOffIsOpenedAnew(outcome: Exchange.Outcome) async throws {
        try await withServed { api, targets in
            let request = Request(target: try #require(targets.last))
            let response = try #require(api.respondAtOnce(to: request))
            api.finished(
                Exchange(
                    request: request, requestID: "r", status: .ok, bytesSent: 3, bytesReceived: 0, nanoseconds: 1,
                    firstByteNanoseconds: 1, outcome: outcome, clientAddress: nil, note: response.note))
            let short = api.respondAtOnce(to: request)?.status
            #expect((short == nil) == (outcome == .failed))
            let again = await api.respond(to: request)
            #expect(text(again) == "0123456789")
        }
    }

    @Test func whereAPolicySpeaksItIsAsked() async throws {
        let allowing = try TestUsers.policy(true, "false")
        let access = AccessControl(policies: AccessPolicies(global: allowing, fallback: .open))
        try await withServed(access) { api, targets in
            for target in targets {
                let long = await api.respond(to: Request(target: target))
                #expect(long.status == .ok)
                #expect(api.respondAtOnce(to: Request(target: target))?.status == nil, "for \(target)")
            }
        }
    }

    @Test func whatIsNotThereOrMalformedGoesTheLongWay() async throws {
        try await withServed { api, _ in
            for target in [
                "/", "/v2/mirror/x/manifests/v2", "/v2/nowhere/manifests/v1", "/v2/mirror/x/blobs/sha256:1",
                "/v2/mirror/X/manifests/v1", "/v2/mirror%2Fx/manifests/v1", "/v2/_catalog", "/healthz",
            ] {
                #expect(api.respondAtOnce(to: Request(target: target))?.status == nil, "for \(target)")
            }
        }
    }

    private func text(_ response: Response) -> String {
        if case .bytes(let bytes) = response.body { String(buffer: bytes) } else { "\(response.body)" }
    }
}
