import HTTPServer
import NIOHTTP1
import OCI
import Storage
import TestSupport
import Testing

/// end-12, of what clients push.
@Suite(.timeLimit(.minutes(1))) struct ReferrerTests {
    @Test func aSubjectIsAnsweredAndListedWithWhatItsReferrerSays() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let subject = PushClient.digest("not pushed yet")
            let reference = #","subject":\#(PushClient.descriptor("not pushed yet", MediaType.imageManifest.value))"#
            try await client.pushImage("local/a", tag: nil)
            let plain = PushClient.image(more: reference)
            let typed = PushClient.image(
                more: reference + #","artifactType":"application/sbom","annotations":{"k":"v"}"#)
            let list = PushClient.index([], more: reference)
            for (text, headers) in [
                (plain, PushClient.imageType), (typed, PushClient.imageType), (list, PushClient.indexType),
            ] {
                let pushed = await client.send(.PUT, "/v2/local/a/manifests/\(PushClient.digest(text))", text, headers)
                #expect(pushed.status == .created)
                #expect(pushed.headers["OCI-Subject"] == [subject.description])
            }
            let all = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(
                all.contains(
                    #""digest":"\#(PushClient.digest(plain))","size":\#(plain.utf8.count),"artifactType":"application/vnd.oci.image.config.v1+json"}"#
                ))
            #expect(
                all.contains(
                    #""digest":"\#(PushClient.digest(typed))","size":\#(typed.utf8.count),"artifactType":"application/sbom","annotations":{"k":"v"}}"#
                ))
            #expect(all.contains(#""digest":"\#(PushClient.digest(list))","size":\#(list.utf8.count)}"#))
            let some = await client.send(.GET, "/v2/local/a/referrers/\(subject)?artifactType=application/sbom")
            #expect(some.headers["OCI-Filters-Applied"] == ["artifactType"])
            let filtered = try await PushClient.text(some)
            #expect(filtered.contains(PushClient.digest(typed).description))
            #expect(!filtered.contains(PushClient.digest(plain).description))
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
            #expect(await client.send(.PUT, tag, fallback, PushClient.indexType).status == .created)
            let found = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(found.contains(signature.description))
            // Listed, but it names no subject.
            #expect(!found.contains(subject.description))
        }
    }

    @Test func manyReferrersComeInPages() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let subject = PushClient.digest("subject")
            let name = try #require(RepositoryName("local/a"))
            for number in 0..<1500 {
                let type = number % 2 == 0 ? "application/even" : "application/odd"
                try await shop.store.addReferrer(
                    Descriptor(
                        mediaType: .imageManifest, digest: PushClient.digest("\(number)"), size: 1, artifactType: type),
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
}
