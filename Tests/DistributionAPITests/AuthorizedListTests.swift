import Access
import DistributionAPI
import HTTPServer
import Logging
import NIOHTTP1
import Registry
import TestSupport
import Testing

/// What lists show of what somebody may pull.
@Suite(.timeLimit(.minutes(1))) struct AuthorizedListTests {
    @Test func `listings show what may be pulled`() async throws {
        try await Workshop.open { shop in
            for name in ["local/open", "local/secret", "strict/x"] {
                for tag in ["v1", "v2", "wip"] { try await PushClient(shop).pushImage(name, tag: tag, more: "") }
            }
            let access = try TestUsers.access(
                global: try TestUsers.policy(
                    true, "'ops' in identity.groups ? false : repository.name == 'local/secret'",
                    "identity.id == null && request.tag == 'wip'", "identity.id == null && request.tag == 'v1'"))
            let client = PushClient(shop, access: access)
            let all = try await PushClient.text(await client.send(.GET, "/v2/_catalog", "", TestUsers.alice))
            #expect(all == #"{"repositories":["local/open","local/secret","strict/x"]}"#)
            let some = await client.send(.GET, "/v2/_catalog?n=1", "", TestUsers.bob)
            #expect(some.headers["Link"] == ["</v2/_catalog?n=1&last=local/open>; rel=\"next\""])
            let rest = await client.send(.GET, "/v2/_catalog?n=1&last=local/open", "", TestUsers.bob)
            #expect(try await PushClient.text(rest) == #"{"repositories":["strict/x"]}"#)
            let tags = await client.send(.GET, "/v2/local/open/tags/list?n=1")
            #expect(tags.headers["Link"] == [])
            #expect(try await PushClient.text(tags) == #"{"name":"local/open","tags":["v2"]}"#)
            let known = await client.send(.GET, "/v2/local/open/tags/list?n=2", "", TestUsers.bob)
            #expect(try await PushClient.text(known) == #"{"name":"local/open","tags":["v1","v2"]}"#)
            #expect(known.headers["Link"].count == 1)
        }
    }

    @Test func `a rule that fails is told of once, while a list is made and in other requests`() async throws {
        try await Workshop.open { shop in
            for name in ["local/one", "local/two"] { try await PushClient(shop).pushImage(name, tag: "v1") }
            let access = try TestUsers.access(
                global: try TestUsers.policy(true, "request.action == 'get-manifest' && request.tag.startsWith('x')"))
            let log = LoggedLines()
            let api = DistributionAPI(
                registry: shop.registry, namespaces: shop.namespaces, readiness: Readiness(), access: access,
                logger: Logger(label: "test") { _ in log })
            let list = await api.respond(to: Request(target: "/v2/_catalog"))
            #expect(try await PushClient.text(list) == #"{"repositories":[]}"#)
            #expect(log.messages == ["an access rule failed, which denies"])
            for name in ["local/one", "local/two", "local/three"] {
                let request = Request(target: "/v2/\(name)/manifests/\(TestUsers.digest)")
                #expect(await api.respond(to: request).status == .unauthorized)
            }
            #expect(log.messages == ["an access rule failed, which denies"])
        }
    }
}
