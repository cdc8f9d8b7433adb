import Access
import HTTPServer
import Hashing
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing

/// Whose uploads are whose, and what of a push is judged.
@Suite(.timeLimit(.minutes(1))) struct AuthorizedPushTests {
    @Test func `an upload belongs to who began it`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try TestUsers.access(fallback: .reads))
            let begun = await client.send(.POST, "/v2/local/x/blobs/uploads/", "", TestUsers.alice)
            let place = try #require(begun.headers.first(name: "Location"))
            let digest = Digest(hashing: ByteBuffer(string: "content"))
            for (method, target) in [
                (HTTPMethod.GET, place), (.PATCH, place), (.PUT, "\(place)?digest=\(digest)"), (.DELETE, place),
            ] {
                let response = await client.send(method, target, method == .GET ? "" : "other", TestUsers.bob)
                #expect(response.status == .notFound)
                let text = try await PushClient.text(response)
                #expect(text.contains("BLOB_UPLOAD_UNKNOWN"))
            }
            #expect(await client.send(.PATCH, place, "content", TestUsers.alice).status == .accepted)
            #expect(await client.send(.PUT, "\(place)?digest=\(digest)", "", TestUsers.alice).status == .created)
        }
    }

    @Test func `an upload that another registry began belongs to nobody`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try TestUsers.access(fallback: .reads))
            let id = UploadID()
            _ = try await shop.registry.startUpload(try shop.repository("local/x"), id)
            let response = await client.send(.PATCH, "/v2/local/x/blobs/uploads/\(id)", "content", TestUsers.bob)
            #expect(response.status == .accepted)
        }
    }

    @Test func `a blob is mounted only from where its mounter may pull`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/secret")
            let access = try TestUsers.access(
                global: try TestUsers.policy(
                    true, "repository.name == 'local/secret' && !('ops' in identity.groups)"))
            let client = PushClient(shop, access: access)
            for from in ["&from=local/secret", "&from=local/none", ""] {
                let target = "/v2/local/mine/blobs/uploads/?mount=\(digest)\(from)"
                #expect(await client.send(.POST, target, "", TestUsers.bob).status == .accepted)
            }
            for from in ["&from=local/secret", ""] {
                let target = "/v2/local/theirs/blobs/uploads/?mount=\(digest)\(from)"
                #expect(await client.send(.POST, target, "", TestUsers.alice).status == .created)
            }
        }
    }

    @Test func `tags beside a digest are judged like the path's`() async throws {
        try await Workshop.open { shop in
            let (digest, manifest) = try await PushClient(shop).pushImage("local/x", tag: nil)
            let access = try TestUsers.access(
                global: try TestUsers.policy(true, "request.operation == 'push' && request.tag == 'latest'"))
            let client = PushClient(shop, access: access)
            let headers: HTTPHeaders = ["Content-Type": MediaType.imageManifest.value]
            let path = "/v2/local/x/manifests/\(digest)"
            #expect(await client.send(.PUT, "\(path)?tag=v1", manifest, headers).status == .created)
            #expect(await client.send(.PUT, "\(path)?tag=v2&tag=latest", manifest, headers).status == .unauthorized)
            #expect(await client.send(.GET, "/v2/local/x/manifests/v2").status == .notFound)
        }
    }

    /// What the query of an upload names is what policy sees, as `policy explain` says.
    @Test func `an upload is judged by the digest that its query names`() async throws {
        try await Workshop.open { shop in
            let allowed = Digest(hashing: ByteBuffer(string: "content"))
            let source = try await PushClient(shop).push("content", to: "overlay/source")
            #expect(source == allowed)
            let policy = try TestUsers.policy(
                false, "request.operation == 'pull'",
                "request.operation == 'push' && (request.digest == null || request.digest == '\(allowed)')")
            let client = PushClient(shop, access: try TestUsers.access(global: policy))
            let begun = await client.send(.POST, "/v2/local/x/blobs/uploads/", "", TestUsers.alice)
            #expect(begun.status == .accepted)
            let place = try #require(begun.headers.first(name: "Location"))
            let join = place.contains("?") ? "&" : "?"
            for (method, target, content, status) in [
                (HTTPMethod.PUT, "\(place)\(join)digest=\(TestUsers.digest)", "content", 403),
                (.PUT, "\(place)\(join)digest=\(allowed)", "content", 201),
                (.POST, "/v2/local/x/blobs/uploads/?digest=\(TestUsers.digest)", "content", 403),
                (.POST, "/v2/local/x/blobs/uploads/?digest=\(allowed)", "content", 201),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(TestUsers.digest)&from=overlay/source", "", 403),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(allowed)&from=overlay/source", "", 201),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(TestUsers.digest)&digest=\(allowed)", "content", 403),
            ] {
                let answer = await client.send(method, target, content, TestUsers.alice)
                #expect(Int(answer.status.code) == status, "\(method) \(target)")
            }
        }
    }
}
