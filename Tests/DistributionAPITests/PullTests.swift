import Access
import DistributionAPI
import HTTPServer
import Hashing
import Logging
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing
import Upstream

/// The pull endpoints, called in process: what is asked, and exactly what is answered.
@Suite(.timeLimit(.minutes(1))) struct PullTests {
    private let content = ByteBuffer(string: "0123456789")
    private let manifest =
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:\#(String(repeating: "a", count: 64))","size":2},"layers":[]}"#

    private func api(_ shop: Workshop, _ readiness: Readiness = Readiness()) -> DistributionAPI {
        DistributionAPI(
            registry: shop.registry, namespaces: shop.namespaces, readiness: readiness, access: .open,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func text(_ response: Response) -> String {
        if case .bytes(let bytes) = response.body { String(buffer: bytes) } else { "" }
    }

    @Test(arguments: ["/v2/", "/v2"])
    func theVersionCheckSucceeds(path: String) async throws {
        try await Workshop.open { shop in
            let response = await api(shop).respond(to: Request(target: path))
            #expect(response.status == .ok)
            #expect(response.headers["Docker-Distribution-Api-Version"] == ["registry/2.0"])
            #expect(text(response) == "{}")
        }
    }

    @Test(arguments: [HTTPMethod.GET, .HEAD])
    func aManifestHasAllItsHeaders(method: HTTPMethod) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let response = await api(shop).respond(to: Request(method: method, target: "/v2/mirror/x/manifests/v1"))
            #expect(response.status == .ok)
            #expect(response.headers["Docker-Content-Digest"] == [digest.description])
            #expect(response.headers["ETag"] == ["\"\(digest)\""])
            #expect(response.headers["Content-Type"] == [MediaType.imageManifest.value])
            #expect(response.headers["Cache-Status"] == ["entrepot; fwd=miss; stored"])
            #expect(response.body.length == Int64(manifest.utf8.count))
        }
    }

    @Test func aManifestTheClientHasIsNotSentAgain() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            for tag in ["\"\(digest)\"", "W/\"\(digest)\"", "\(digest)", "*", "\"x\", \"\(digest)\""] {
                let response = await api(shop).respond(
                    to: Request(target: "/v2/mirror/x/manifests/v1", headers: ["If-None-Match": tag]))
                #expect(response.status == .notModified, "for \(tag)")
            }
            let other = await api(shop).respond(
                to: Request(target: "/v2/mirror/x/manifests/v1", headers: ["If-None-Match": "\"x\""]))
            #expect(other.status == .ok)
        }
    }

    @Test(
        arguments: [
            ("bytes=2-4", 206, "bytes 2-4/10", 3), ("bytes=-3", 206, "bytes 7-9/10", 3),
            ("bytes=4-", 206, "bytes 4-9/10", 6),
            ("bytes=10-", 416, "bytes */10", nil), ("bytes=0-1,4-5", 200, nil, 10), ("lines=1", 200, nil, 10),
        ] as [(String, Int, String?, Int64?)])
    func rangesOfAHeldBlob(range: String, status: Int, field: String?, length: Int64?) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let api = api(shop)
            let target = "/v2/mirror/x/blobs/\(digest)"
            try await warm(shop, digest)
            let response = await api.respond(to: Request(target: target, headers: ["Range": range]))
            #expect(response.status.code == status)
            #expect(response.headers.first(name: "Content-Range") == field)
            if let length { #expect(response.body.length == length) }
            let unmatched = await api.respond(
                to: Request(target: target, headers: ["Range": range, "If-Range": "\"other\""]))
            #expect(unmatched.status == .ok)
        }
    }

    private func warm(_ shop: Workshop, _ digest: Digest) async throws {
        let served = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil)
        if case .filling(let reader) = served.content.source { while try await reader.end(after: 10) != nil {} }
    }

    @Test(arguments: [(HTTPMethod.GET, true), (.HEAD, true), (.HEAD, false)])
    func aBlobTheClientHasOrOnlyAsksAboutIsNotDownloaded(method: HTTPMethod, isConditional: Bool) async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            let headers: HTTPHeaders = isConditional ? ["If-None-Match": "\"\(digest)\""] : [:]
            let target = "/v2/mirror/x/blobs/\(digest)"
            let response = await api(shop).respond(to: Request(method: method, target: target, headers: headers))
            #expect(response.status == (isConditional ? .notModified : .ok))
            #expect(response.headers["ETag"] == ["\"\(digest)\""])
            #expect(shop.upstream.questions == ["HEAD blob x \(digest)"])
            let other = await api(shop).respond(
                to: Request(method: method, target: target, headers: ["If-None-Match": "\"x\""]))
            #expect(other.status == .ok)
        }
    }

    @Test func theHeadOfABlobOfUnknownSizeSaysNone() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            shop.upstream.hold(.valve(Valve(), size: nil), as: digest)
            let response = await api(shop).respond(
                to: Request(method: .HEAD, target: "/v2/mirror/x/blobs/\(digest)"))
            #expect(response.status == .ok)
            #expect(response.body.length == nil)
            #expect(!response.headers.contains(name: "Content-Length"))
        }
    }

    @Test func aBlobNobodyHasIsNotUnchanged() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            let response = await api(shop).respond(
                to: Request(target: "/v2/mirror/x/blobs/\(digest)", headers: ["If-None-Match": "*"]))
            #expect(response.status == .notFound)
        }
    }

    @Test func aBlobHasAllItsHeadersOnHeadAndGetAlike() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(content)
            try await warm(shop, digest)
            for method in [HTTPMethod.GET, .HEAD] {
                let response = await api(shop).respond(
                    to: Request(method: method, target: "/v2/mirror/x/blobs/\(digest)"))
                #expect(response.status == .ok)
                #expect(response.headers["Docker-Content-Digest"] == [digest.description])
                #expect(response.headers["ETag"] == ["\"\(digest)\""])
                #expect(response.headers["Accept-Ranges"] == ["bytes"])
                #expect(response.headers["Content-Type"] == ["application/octet-stream"])
                #expect(response.headers["Cache-Status"] == ["entrepot; hit"])
                #expect(response.body.length == 10)
            }
        }
    }

    @Test func theNamespaceOfTheQueryIsServedAndEchoed() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            let api = api(shop)
            for path in ["x/manifests/v1?ns=mirror.example", "mirror/x/manifests/v1?ns=mirror.example"] {
                let response = await api.respond(to: Request(target: "/v2/\(path)"))
                #expect(response.status == .ok)
                #expect(response.headers["OCI-Namespace"] == ["mirror.example"])
            }
            #expect(shop.upstream.questions == ["GET manifest x v1"])
            let unknown = await api.respond(to: Request(target: "/v2/x/manifests/v1?ns=nobody.example"))
            #expect(unknown.status == .notFound)
            let own = await api.respond(
                to: Request(target: "/v2/mirror/x/manifests/v1?ns=cache.lan:5000", headers: ["Host": "cache.lan:5000"]))
            #expect(own.status == .ok)
        }
    }

    @Test(arguments: [
        (HTTPMethod.PUT, "/v2/mirror/x/manifests/v1", 405, "UNSUPPORTED"),
        (.POST, "/v2/mirror/x/blobs/uploads/", 405, "UNSUPPORTED"),
        (.DELETE, "/v2/mirror/x/manifests/v1", 405, "UNSUPPORTED"),
        (.GET, "/v2/nobody/x/manifests/v1", 404, "NAME_UNKNOWN"),
        (.GET, "/v2/mirror/x/manifests/v2", 404, "MANIFEST_UNKNOWN"),
        (.GET, "/v2/local/x/tags/list", 404, "NAME_UNKNOWN"), (.GET, "/v2/mirror/X/tags/list", 400, "NAME_INVALID"),
        (.GET, "/v2/mirror/x/blobs/sha256:1", 400, "DIGEST_INVALID"),
        (.GET, "/v2/mirror/x/tags/list?n=x", 400, "UNSUPPORTED"),
    ])
    func errorsAreTheSpecifications(method: HTTPMethod, target: String, status: Int, code: String) async throws {
        try await Workshop.open { shop in
            let response = await api(shop).respond(to: Request(method: method, target: target))
            #expect(response.status.code == status)
            #expect(response.headers["Content-Type"] == ["application/json"])
            #expect(text(response).hasPrefix(#"{"errors":[{"code":"\#(code)","message":""#))
            #expect(response.headers.contains(name: "Allow") == (status == 405))
        }
    }

    @Test(arguments: [
        (HTTPMethod.POST, "/v2/local/x/manifests/v1", "GET, HEAD, PUT, DELETE"),
        (.GET, "/v2/local/x/blobs/uploads/", "POST"), (.HEAD, "/v2/local/x/blobs/uploads/", "POST"),
        // A mirror takes less.
        (.PUT, "/v2/mirror/x/manifests/v1", "GET, HEAD"), (.DELETE, "/v2/mirror/x/manifests/v1", "GET, HEAD"),
        (.POST, "/v2/mirror/x/blobs/uploads/", ""), (.GET, "/v2/mirror/x/blobs/uploads/xyz", ""),
    ])
    func theMethodsThatAPathTakesAreTold(method: HTTPMethod, target: String, allowed: String) async throws {
        try await Workshop.open { shop in
            let response = await api(shop).respond(to: Request(method: method, target: target))
            #expect(response.status == .methodNotAllowed)
            #expect(response.headers["Allow"] == [allowed])
        }
    }

    @Test func anUpstreamThatLimitsIsToldWithRetryAfter() async throws {
        try await Workshop.open { shop in
            shop.upstream.fail(.rateLimited(retryAfter: 9))
            let response = await api(shop).respond(to: Request(target: "/v2/mirror/x/manifests/v1"))
            #expect(response.status == .tooManyRequests)
            #expect(response.headers["Retry-After"] == ["9"])
            #expect(text(response).contains("TOOMANYREQUESTS"))
        }
    }

    @Test func theTextOfARefusedRequestCannotBreakTheJSON() async throws {
        try await Workshop.open { shop in
            let refused = api(shop).refuse(.malformedRequest("a \"b\""), requestID: "1")
            #expect(text(refused).contains(#"a \"b\""#))
        }
    }

    @Test func tagsArePagedWithALink() async throws {
        try await Workshop.open { shop in
            for tag in ["a", "b", "c"] { _ = shop.upstream.hold(manifest, tag: tag) }
            let page = await api(shop).respond(to: Request(target: "/v2/mirror/x/tags/list?n=2"))
            #expect(text(page) == #"{"name":"mirror/x","tags":["a","b"]}"#)
            #expect(page.headers["Link"] == [#"</v2/mirror/x/tags/list?n=2&last=b>; rel="next""#])
            let rest = await api(shop).respond(to: Request(target: "/v2/mirror/x/tags/list?n=2&last=b"))
            #expect(text(rest) == #"{"name":"mirror/x","tags":["c"]}"#)
            #expect(!rest.headers.contains(name: "Link"))
        }
    }

    @Test func referrersSayWhichFilterWasApplied() async throws {
        try await Workshop.open { shop in
            let subject = Digest(hashing: content)
            let descriptor = Descriptor(
                mediaType: .imageManifest, digest: subject, size: 3, artifactType: "application/sbom",
                annotations: ["k": "v\""])
            shop.upstream.hold([descriptor], of: subject)
            let target = "/v2/mirror/x/referrers/\(subject)"
            let all = await api(shop).respond(to: Request(target: target))
            #expect(all.headers["Content-Type"] == [MediaType.imageIndex.value])
            #expect(!all.headers.contains(name: "OCI-Filters-Applied"))
            #expect(
                text(all)
                    == #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[{"mediaType":"\#(MediaType.imageManifest)","digest":"\#(subject)","size":3,"artifactType":"application/sbom","annotations":{"k":"v\""}}]}"#
            )
            let none = await api(shop).respond(to: Request(target: target + "?artifactType=application%2Fx"))
            #expect(none.headers["OCI-Filters-Applied"] == ["artifactType"])
            let plus = Descriptor(
                mediaType: .imageManifest, digest: subject, size: 3, artifactType: "application/vnd.b+json")
            let other = Digest(hashing: ByteBuffer(string: "other"))
            shop.upstream.hold([plus], of: other)
            for form in ["+", "%2B"] {
                let found = await api(shop).respond(
                    to: Request(
                        target: "/v2/mirror/x/referrers/\(other)?artifactType=application/vnd.b\(form)json"))
                #expect(text(found).contains("\(subject)"))
            }
            #expect(text(none) == #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#)
        }
    }

    @Test func readinessIsWithdrawnWhileHealthStays() async throws {
        try await Workshop.open { shop in
            let readiness = Readiness()
            let api = api(shop, readiness)
            #expect(await api.respond(to: Request(target: "/readyz")).status == .ok)
            readiness.withdraw()
            #expect(await api.respond(to: Request(target: "/readyz")).status == .serviceUnavailable)
            #expect(await api.respond(to: Request(target: "/healthz")).status == .ok)
        }
    }
}
