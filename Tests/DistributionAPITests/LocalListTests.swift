import HTTPServer
import NIOHTTP1
import TestSupport
import Testing

/// end-8 and the catalogue, of what clients push.
@Suite(.timeLimit(.minutes(1))) struct LocalListTests {
    @Test func tagsAreListedInOrderAndInPages() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: nil)
            _ = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?tag=b&tag=a&tag=B&tag=1.0&tag=c", manifest, PushClient.imageType)
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
                await client.send(.DELETE, "/v2/strict/x/manifests/\(PushClient.digest(PushClient.image()))").status
                    == .accepted)
            #expect(try await list("?last=local/b") == (#"{"repositories":["local/b/c/d"]}"#, nil))
        }
    }
}
