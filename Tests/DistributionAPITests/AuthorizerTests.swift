import Access
import HTTPServer
import NIOHTTP1
import TestSupport
import Testing
import TextEncodings

/// Who gets in, and what those are told who do not.
@Suite(.timeLimit(.minutes(1))) struct AuthorizerTests {
    @Test(arguments: TestUsers.writes)
    func `nobody writes where nobody can say who they are`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let response = await PushClient(shop, access: AccessControl(policies: AccessPolicies()))
                .send(method, "/v2/\(path)", "content")
            #expect(response.status == .forbidden)
            #expect(response.headers["WWW-Authenticate"] == [])
            let text = try await PushClient.text(response)
            #expect(text.contains("DENIED"))
            #expect(shop.objects.keys == [])
        }
    }

    @Test(arguments: TestUsers.writes)
    func `who could say who they are is asked to`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try TestUsers.access())
            let response = await client.send(method, "/v2/\(path)", "content")
            #expect(response.status == .unauthorized)
            #expect(response.headers["WWW-Authenticate"] == [TestUsers.basic])
            let text = try await PushClient.text(response)
            #expect(text.contains("UNAUTHORIZED"))
            #expect(shop.objects.keys == [])
            let known = await client.send(method, "/v2/\(path)", "content", TestUsers.bob)
            #expect(known.status != .unauthorized && known.status != .forbidden)
        }
    }

    @Test(arguments: ["/v2/", "/v2/_catalog", "/v2/local/x/tags/list", "/v2/local/x/blobs/\(TestUsers.digest)"])
    func `wrong credentials are never taken for none`(path: String) async throws {
        try await Workshop.open { shop in
            for access in [try TestUsers.access(), try TestUsers.access(fallback: .open), AccessControl.open] {
                let response = await PushClient(shop, access: access).send(.GET, path, "", TestUsers.wrong)
                #expect(response.status == .unauthorized)
            }
            let twice: HTTPHeaders = ["Authorization": "Basic YWxpY2U6YWxpY2U=", "authorization": "Basic Ym9iOmJvYg=="]
            let response = await PushClient(shop, access: try TestUsers.access()).send(.GET, path, "", twice)
            #expect(response.status == .unauthorized)
        }
    }

    @Test func `reading is open as long as nothing else is said`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/x")
            let client = PushClient(shop, access: try TestUsers.access())
            for headers in [HTTPHeaders(), TestUsers.alice] {
                #expect(await client.send(.GET, "/v2/", "", headers).status == .ok)
                #expect(await client.send(.GET, "/v2/local/x/blobs/\(digest)", "", headers).status == .ok)
            }
        }
    }

    @Test func `what exists and what does not look the same to who may not know`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/x")
            let access = try TestUsers.access(global: try TestUsers.policy(false, "'ops' in identity.groups"))
            let client = PushClient(shop, access: access)
            let paths = [
                "local/x/blobs/\(digest)", "local/x/blobs/\(TestUsers.digest)", "local/none/tags/list",
                "nowhere/x/manifests/v1", "mirror/x/manifests/v1", "mirror/x/manifests/v1?ns=unknown.example",
            ]
            for path in paths {
                let anonymous = await client.send(.GET, "/v2/\(path)")
                #expect(anonymous.status == .unauthorized)
                let stranger = await client.send(.GET, "/v2/\(path)", "", TestUsers.bob)
                #expect(stranger.status == .forbidden)
                #expect(stranger.headers["WWW-Authenticate"] == [])
            }
            #expect(shop.upstream.questions == [])
            #expect(await client.send(.GET, "/v2/\(paths[0])", "", TestUsers.alice).status == .ok)
            #expect(await client.send(.GET, "/v2/\(paths[3])", "", TestUsers.alice).status == .notFound)
        }
    }

    @Test func `a login is asked for where nobody reads without one`() async throws {
        try await Workshop.open { shop in
            let members = try TestUsers.policy(false, "identity.id != null")
            let client = PushClient(shop, access: try TestUsers.access(global: members))
            let response = await client.send(.GET, "/v2/")
            #expect(response.status == .unauthorized)
            #expect(response.headers["WWW-Authenticate"] == [TestUsers.basic])
            #expect(await client.send(.GET, "/v2/", "", TestUsers.bob).status == .ok)
            // One closed namespace of several does not close the door.
            #expect(
                await PushClient(shop, access: try TestUsers.access(local: members)).send(.GET, "/v2/").status == .ok)
        }
    }

    @Test func `probes are for everybody`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try TestUsers.access(global: try TestUsers.policy(false)))
            for path in ["/healthz", "/readyz"] {
                #expect(await client.send(.GET, path, "", TestUsers.wrong).status == .ok)
            }
        }
    }

    @Test func `too many wrong passwords are told to wait`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try TestUsers.access())
            for number in 0..<10 {
                let guess = Base64.standard.encode("alice:guess \(number)".utf8)
                let response = await client.send(.GET, "/v2/", "", ["Authorization": "Basic \(guess)"])
                #expect(response.status == .unauthorized)
            }
            let response = await client.send(.GET, "/v2/", "", TestUsers.wrong)
            #expect(response.status == .tooManyRequests)
            #expect(response.headers["Retry-After"] == ["10"])
        }
    }

    /// Only one namespace has a policy, so that nothing else would hide its name.
    @Test(arguments: [
        (HTTPMethod.GET, "manifests/v1"), (.HEAD, "manifests/v1"), (.GET, "blobs/\(TestUsers.digest)"),
        (.GET, "tags/list"),
        (.GET, "referrers/\(TestUsers.digest)"), (.PUT, "manifests/v1"), (.POST, "blobs/uploads/"),
        (.DELETE, "manifests/v1"),
        (.GET, "manifests/v1?ns=unknown.example"),
    ])
    func `a namespace that is closed looks like one that is not there`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(
                shop, access: try TestUsers.access(local: try TestUsers.policy(false, "identity.id == 'alice'")))
            for headers in [HTTPHeaders(), TestUsers.bob] {
                let closed = await client.send(method, "/v2/local/x/\(path)", "content", headers)
                let absent = await client.send(method, "/v2/nowhere/x/\(path)", "content", headers)
                #expect(closed.status == absent.status)
                #expect(absent.status == (headers.isEmpty ? .unauthorized : .forbidden))
                func seen(_ response: Response) -> [String] {
                    response.headers.map { "\($0.name): \($0.value)".replacing("local", with: "nowhere") }.sorted()
                }
                #expect(seen(closed) == seen(absent))
                let texts = (try await PushClient.text(closed), try await PushClient.text(absent))
                #expect(texts.0.replacing("local", with: "nowhere") == texts.1)
            }
        }
    }
}
