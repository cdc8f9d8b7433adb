import HTTPServer
import Hashing
import NIOCore
import NIOHTTP1
import OCI
import Registry
import Storage
import TestSupport
import Testing

/// end-7 and end-9, and what they do to end-3, end-8 and end-12.
@Suite(.timeLimit(.minutes(1))) struct ManifestPushTests {
    private let image: HTTPHeaders = ["Content-Type": MediaType.imageManifest.value]
    private let index: HTTPHeaders = ["Content-Type": MediaType.imageIndex.value]

    private func digest(_ text: String) -> Digest { Digest(hashing: ByteBuffer(string: text)) }

    private func code(_ response: Response) async throws -> String {
        let text = try await PushClient.text(response)
        return String((text.split(separator: #""code":""#).last ?? "").prefix { $0 != "\"" })
    }

    @Test func aManifestByTagIsThereByTagAndDigest() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            try await client.push("layer", to: "local/a")
            let manifest = PushClient.image(more: #", "custom" : {"kept": ["as", 1.50, "is"]} "#)
            let digest = digest(manifest)
            let response = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, image)
            #expect(response.status == .created)
            #expect(response.headers["Location"] == ["/v2/local/a/manifests/\(digest)"])
            #expect(response.headers["Docker-Content-Digest"] == [digest.description])
            #expect(!response.headers.contains(name: "OCI-Subject"))
            #expect(!response.headers.contains(name: "OCI-Tag"))
            for reference in ["v1", digest.description] {
                let pulled = await client.send(.GET, "/v2/local/a/manifests/\(reference)")
                #expect(pulled.headers["Content-Type"] == [MediaType.imageManifest.value])
                #expect(try await PushClient.text(pulled) == manifest)
            }
        }
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func severalTagsComeWithOneDigest(algorithm: Digest.Algorithm) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("local/a", tag: nil)
            let manifest = PushClient.image()
            let digest = Digest(hashing: ByteBuffer(string: manifest), with: algorithm)
            let response = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?tag=1.2.3&tag=1&tag=latest&tag=1", manifest, image)
            #expect(response.status == .created)
            #expect(response.headers["OCI-Tag"] == ["1.2.3, 1, latest"])
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":["1","1.2.3","latest"]}"#)
            let pulled = await client.send(.HEAD, "/v2/local/a/manifests/latest")
            #expect(pulled.headers["Docker-Content-Digest"] == [digest.description])
        }
    }

    @Test func tooManyOrWrongTagsWriteNothing() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: nil)
            let many = (0...100).map { "tag=t\($0)" }.joined(separator: "&")
            let tooMany = await client.send(.PUT, "/v2/local/a/manifests/\(digest)?\(many)", manifest, image)
            #expect(tooMany.status.code == 414)
            let wrong = await client.send(.PUT, "/v2/local/a/manifests/\(digest)?tag=fine&tag=.wrong", manifest, image)
            #expect(wrong.status == .badRequest)
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":[]}"#)
        }
    }

    @Test(arguments: [
        ("v1", "", "MANIFEST_INVALID"), ("v1", "not json", "MANIFEST_INVALID"), ("v1", "{}", "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":1,"fsLayers":[],"history":[]}"#, "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "MANIFEST_INVALID"),
        ("v1", PushClient.index([]), "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":2,"manifests":[]}"#, "MANIFEST_INVALID"),
        ("v1", PushClient.image(layer: "missing"), "MANIFEST_BLOB_UNKNOWN"),
        ("sha256:\(String(repeating: "0", count: 64))", PushClient.image(), "DIGEST_INVALID"),
        ("sha256:baddigeststring", PushClient.image(), "DIGEST_INVALID"),
    ])
    func whatIsNoManifestIsRefused(reference: String, manifest: String, code: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            try await client.push("layer", to: "local/a")
            let before = shop.objects.keys
            let refused = await client.send(.PUT, "/v2/local/a/manifests/\(reference)", manifest, image)
            #expect(refused.status == .badRequest)
            #expect(try await self.code(refused) == code)
            #expect(shop.objects.keys == before)
        }
    }

    @Test(
        arguments: [
            ("text/html", "{}", 415), ("image/svg+xml", "{}", 415), ("text/html; charset=utf-8", "{}", 415),
            ("application/xhtml+xml", "{}", 415), ("multipart/form-data", "{}", 415),
            (MediaType.imageManifest.value, #"{"schemaVersion":2,"mediaType":"text/html","layers":[]}"#, 400),
            (nil, #"{"schemaVersion":2,"mediaType":"image/svg+xml","layers":[]}"#, 400),
        ] as [(String?, String, Int)])
    func noTypeButAManifestsIsStored(type: String?, manifest: String, status: Int) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let headers: HTTPHeaders = type.map { ["Content-Type": $0] } ?? [:]
            let refused = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, headers)
            #expect(Int(refused.status.code) == status)
            let code = try await self.code(refused)
            #expect(code == "MANIFEST_INVALID")
            #expect(await client.send(.GET, "/v2/local/a/manifests/v1").status == .notFound)
        }
    }

    @Test func schema1IsRefusedWithAClearMessage() async throws {
        try await Workshop.open { shop in
            let refused = await PushClient(shop).send(
                .PUT, "/v2/local/a/manifests/v1", "{}",
                ["Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"])
            #expect(refused.status == .badRequest)
            let text = try await PushClient.text(refused)
            #expect(text.contains("schema 1 is not supported"))
        }
    }

    @Test(
        arguments: [
            (MediaType.imageManifest.value + "; charset=utf-8", MediaType.imageManifest.value),
            (nil, MediaType.imageManifest.value), ("application/json", MediaType.imageManifest.value),
            ("application/octet-stream", MediaType.imageManifest.value),
        ] as [(String?, String)])
    func theMediaTypeIsTheManifestsOwn(field: String?, kept: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("local/a", tag: nil)
            let headers: HTTPHeaders = field.map { ["Content-Type": $0] } ?? [:]
            #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", PushClient.image(), headers).status == .created)
            #expect(await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Content-Type"] == [kept])
        }
    }

    @Test func aMediaTypeBesideASilentManifestIsKept() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let manifest = #"{"schemaVersion":2,"manifests":[]}"#
            for type in [MediaType.dockerManifestList.value, "application/vnd.example.index+json"] {
                let pushed = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, ["Content-Type": type])
                #expect(pushed.status == .created)
                #expect(await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Content-Type"] == [type])
            }
        }
    }

    @Test func manifestsUpToTheLimitAreTaken() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let frame = PushClient.index([], more: #","annotations":{"a":""}"#)
            let padding = String(repeating: "x", count: (4 << 20) - frame.utf8.count)
            let largest = frame.replacing(#":""}"#, with: ":\"\(padding)\"}")
            #expect(largest.utf8.count == 4 << 20)
            #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", largest, index).status == .created)
            let larger = await client.send(.PUT, "/v2/local/a/manifests/v2", largest + " ", index)
            #expect(larger.status == .payloadTooLarge)
            let code = try await code(larger)
            #expect(code == "SIZE_INVALID")
        }
    }

    @Test func foreignLayersNeedNotBeHere() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            let manifest = PushClient.image().replacing(
                "application/vnd.oci.image.layer.v1.tar",
                with: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
            #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, image).status == .created)
        }
    }

    @Test func anImageMayLackAllThatItNamesWhereTheNamespaceSaysSo() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let refused = await client.send(.PUT, "/v2/local/a/manifests/v1", PushClient.image(), image)
            let refusal = try await code(refused)
            #expect(refusal == "MANIFEST_BLOB_UNKNOWN")
            #expect(
                await client.send(.PUT, "/v2/sparse/a/manifests/v1", PushClient.image(), image).status == .created)
        }
    }

    @Test func childrenOfAnIndexMayComeLaterUnlessTheNamespaceSaysOtherwise() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let manifest = PushClient.index([PushClient.image()])
            #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, index).status == .created)
            let refused = await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, index)
            #expect(refused.status == .badRequest)
            #expect(try await code(refused) == "MANIFEST_BLOB_UNKNOWN")
            try await client.pushImage("strict/a", tag: nil)
            #expect(await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, index).status == .created)
            let nested = PushClient.index([manifest])
            #expect(await client.send(.PUT, "/v2/strict/a/manifests/nested", nested, index).status == .created)
        }
    }

    @Test func anImmutableTagStaysWhatItIs() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("strict/a", tag: "v1")
            let again = await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, image)
            #expect(again.status == .created)
            let (other, text) = try await client.pushImage("strict/a", tag: "v2", more: #","annotations":{"x":"y"}"#)
            let refused = await client.send(.PUT, "/v2/strict/a/manifests/\(other)?tag=new&tag=v1", text, image)
            #expect(refused.status == .conflict)
            #expect(try await code(refused) == "DENIED")
            #expect(
                await client.send(.HEAD, "/v2/strict/a/manifests/v1").headers["Docker-Content-Digest"] == ["\(digest)"])
            #expect(await client.send(.HEAD, "/v2/strict/a/manifests/new").status == .notFound)
        }
    }

    @Test func deletingATagLeavesTheManifest() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, _) = try await client.pushImage("local/a", tag: "v1")
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/v1").status == .accepted)
            #expect(await client.send(.GET, "/v2/local/a/manifests/v1").status == .notFound)
            #expect(await client.send(.GET, "/v2/local/a/manifests/\(digest)").status == .ok)
            let again = await client.send(.DELETE, "/v2/local/a/manifests/v1")
            #expect(again.status == .notFound)
            #expect(try await code(again) == "MANIFEST_UNKNOWN")
        }
    }

    @Test func deletingAManifestTakesItsTagsAndItsPlaceAmongReferrersAlong() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (subject, text) = try await client.pushImage("local/a", tag: "v1")
            let more = #","subject":\#(PushClient.descriptor(text, MediaType.imageManifest.value))"#
            let (signature, _) = try await client.pushImage("local/a", tag: "sig", more: more)
            _ = await client.send(.GET, "/v2/local/a/manifests/sig")
            let before = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(before.contains(signature.description))
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/\(signature)").status == .accepted)
            for reference in ["sig", signature.description] {
                #expect(await client.send(.GET, "/v2/local/a/manifests/\(reference)").status == .notFound)
            }
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":["v1"]}"#)
            let after = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(after == #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#)
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/\(signature)").status == .notFound)
        }
    }

    @Test func aSubjectIsAnsweredAndListedWithWhatItsReferrerSays() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let subject = digest("not pushed yet")
            let reference = #","subject":\#(PushClient.descriptor("not pushed yet", MediaType.imageManifest.value))"#
            try await client.pushImage("local/a", tag: nil)
            let plain = PushClient.image(more: reference)
            let typed = PushClient.image(
                more: reference + #","artifactType":"application/sbom","annotations":{"k":"v"}"#)
            let list = PushClient.index([], more: reference)
            for (text, headers) in [(plain, image), (typed, image), (list, index)] {
                let pushed = await client.send(.PUT, "/v2/local/a/manifests/\(digest(text))", text, headers)
                #expect(pushed.status == .created)
                #expect(pushed.headers["OCI-Subject"] == [subject.description])
            }
            let all = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(
                all.contains(
                    #""digest":"\#(digest(plain))","size":\#(plain.utf8.count),"artifactType":"application/vnd.oci.image.config.v1+json"}"#
                ))
            #expect(
                all.contains(
                    #""digest":"\#(digest(typed))","size":\#(typed.utf8.count),"artifactType":"application/sbom","annotations":{"k":"v"}}"#
                ))
            #expect(all.contains(#""digest":"\#(digest(list))","size":\#(list.utf8.count)}"#))
            let some = await client.send(.GET, "/v2/local/a/referrers/\(subject)?artifactType=application/sbom")
            #expect(some.headers["OCI-Filters-Applied"] == ["artifactType"])
            let filtered = try await PushClient.text(some)
            #expect(filtered.contains(digest(typed).description))
            #expect(!filtered.contains(digest(plain).description))
        }
    }

    @Test func referrersListedUnderTheFallbackTagAreFoldedIn() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (subject, text) = try await client.pushImage("local/a", tag: "v1")
            let more = #","subject":\#(PushClient.descriptor(text, MediaType.imageManifest.value))"#
            let (signature, signed) = try await client.pushImage("local/a", tag: nil, more: more)
            // As a registry left it that knows nothing of referrers.
            try await shop.store.removeReferrer(signature, of: subject, in: try #require(RepositoryName("local/a")))
            let fallback = PushClient.index([signed, text])
            let tag = "/v2/local/a/manifests/sha256-\(subject.hex)"
            #expect(await client.send(.PUT, tag, fallback, index).status == .created)
            let found = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(found.contains(signature.description))
            // Listed, but it names no subject.
            #expect(!found.contains(subject.description))
        }
    }

    @Test func manyReferrersComeInPages() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let subject = digest("subject")
            let name = try #require(RepositoryName("local/a"))
            for number in 0..<1500 {
                let type = number % 2 == 0 ? "application/even" : "application/odd"
                try await shop.store.addReferrer(
                    Descriptor(mediaType: .imageManifest, digest: digest("\(number)"), size: 1, artifactType: type),
                    of: subject, in: name, .cached)
            }
            var next: String? = "/v2/local/a/referrers/\(subject)"
            var pages: [Int] = []
            while let target = next {
                let page = await client.send(.GET, target)
                pages.append(try await PushClient.text(page).split(separator: #""digest":"#).count - 1)
                next = page.headers.first(name: "Link").map { String($0.dropFirst().prefix { $0 != ">" }) }
            }
            #expect(pages == [1000, 500])
        }
    }

    @Test func tagsAreListedInOrderAndInPages() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: nil)
            _ = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?tag=b&tag=a&tag=B&tag=1.0&tag=c", manifest, image)
            func list(_ query: String) async throws -> (String, String?) {
                let response = await client.send(.GET, "/v2/local/a/tags/list\(query)")
                return (try await PushClient.text(response), response.headers.first(name: "Link"))
            }
            #expect(try await list("").0 == #"{"name":"local/a","tags":["1.0","B","a","b","c"]}"#)
            #expect(try await list("?n=0") == (#"{"name":"local/a","tags":[]}"#, nil))
            #expect(
                try await list("?n=2")
                    == (#"{"name":"local/a","tags":["1.0","B"]}"#, #"</v2/local/a/tags/list?n=2&last=B>; rel="next""#))
            #expect(try await list("?n=3&last=B") == (#"{"name":"local/a","tags":["a","b","c"]}"#, nil))
            #expect(try await list("?last=b") == (#"{"name":"local/a","tags":["c"]}"#, nil))
            #expect(try await list("?last=zzz") == (#"{"name":"local/a","tags":[]}"#, nil))
        }
    }

    @Test func theCatalogListsRepositoriesWithManifestsInOrder() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let names = ["local/a", "local/a-b", "local/a.b", "local/a/b", "local/a0", "local/b/c/d", "strict/x"]
            for name in names { try await client.pushImage(name, tag: "v1") }
            try await client.push("blob only", to: "local/empty")
            _ = try await client.begin("local/uploading")
            let quoted = names.map { "\"\($0)\"" }
            func list(_ query: String) async throws -> (String, String?) {
                let response = await client.send(.GET, "/v2/_catalog\(query)")
                return (try await PushClient.text(response), response.headers.first(name: "Link"))
            }
            #expect(try await list("") == (#"{"repositories":[\#(quoted.joined(separator: ","))]}"#, nil))
            #expect(try await list("?n=0") == (#"{"repositories":[]}"#, nil))
            for (position, name) in names.enumerated() {
                let rest = quoted[(position + 1)...].joined(separator: ",")
                #expect(try await list("?last=\(name)") == (#"{"repositories":[\#(rest)]}"#, nil))
            }
            #expect(
                try await list("?n=3")
                    == (
                        #"{"repositories":[\#(quoted[..<3].joined(separator: ","))]}"#,
                        #"</v2/_catalog?n=3&last=local/a.b>; rel="next""#
                    ))
            #expect(
                await client.send(.DELETE, "/v2/strict/x/manifests/\(digest(PushClient.image()))").status == .accepted)
            #expect(try await list("?last=local/b") == (#"{"repositories":["local/b/c/d"]}"#, nil))
        }
    }

    @Test(arguments: [(StorageError.Code.noSpace, 507), (.readOnly, 503), (.permissionDenied, 503), (.io, 500)])
    func aStoreThatFailsIsToldHonestly(failure: StorageError.Code, status: Int) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: "v1")
            let location = try await client.begin("local/a")
            shop.objects.fail(failure)
            for response in [
                await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, image),
                await client.send(.POST, "/v2/local/a/blobs/uploads/"),
                await client.send(.PATCH, location, "content"),
                await client.send(.PUT, "\(location)?digest=\(self.digest("content"))", "content"),
                await client.send(.DELETE, "/v2/local/a/manifests/v1"),
                await client.send(.DELETE, "/v2/local/a/blobs/\(self.digest("{}"))"),
            ] {
                #expect(response.status.code == status)
                #expect(try await PushClient.text(response).hasPrefix(#"{"errors":[{"code":"U"#))
            }
            shop.objects.fail(nil)
            #expect(
                await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Docker-Content-Digest"] == ["\(digest)"])
            #expect(
                await client.send(.PUT, "\(location)?digest=\(self.digest("content"))", "content").status == .created)
        }
    }
}
