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

/// Steering by hand.
@Suite(.timeLimit(.minutes(1))) struct AdminTests {
    private let manifest =
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\#(Digest(hashing: ByteBuffer(string: "{}")))","size":2},"layers":[]}"#
    private let word = "a-long-enough-token"

    private func api(_ shop: Workshop, control: (any ServerControl)? = nil) throws -> AdminAPI {
        let inner = DistributionAPI(
            registry: shop.registry, namespaces: shop.namespaces, readiness: Readiness(), access: .open,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return AdminAPI(
            next: inner, registry: shop.registry, namespaces: shop.namespaces, token: AdminToken(word),
            access: .open, control: control, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func ask(_ shop: Workshop, _ method: HTTPMethod, _ target: String) async throws -> (Int, String) {
        let response = try await api(shop).respond(
            to: Request(method: method, target: target, headers: ["Authorization": "Bearer \(word)"]))
        guard case .bytes(let bytes) = response.body else { return (Int(response.status.code), "") }
        return (Int(response.status.code), String(buffer: bytes))
    }

    @Test(
        arguments: [
            nil, "Bearer", "Bearer ", "Bearer a-long-enough-tokem", "Bearer a-long-enough-token2",
            "Basic a-long-enough-token",
        ] as [String?])
    func withoutTheTokenThereIsNothing(header: String?) async throws {
        try await Workshop.open { shop in
            for (method, path) in [(HTTPMethod.GET, "upstreams"), (.GET, "fills"), (.POST, "purge"), (.GET, "x")] {
                let headers = header.map { ["Authorization": $0] as HTTPHeaders } ?? [:]
                let response = try await api(shop).respond(
                    to: Request(method: method, target: "/_entrepot/\(path)", headers: headers))
                #expect(response.status == .unauthorized)
                #expect(response.headers["WWW-Authenticate"] == ["Bearer"])
            }
        }
    }

    @Test(arguments: ["", "short", "fifteen-letters", "with a space in it", "with-ünicode-in-it"])
    func aTokenThatIsNoneIsRefused(text: String) {
        #expect(AdminToken(text) == nil)
    }

    @Test func otherPathsGoOn() async throws {
        try await Workshop.open { shop in
            let response = try await api(shop).respond(to: Request(target: "/v2/"))
            #expect(response.status == .ok)
        }
    }

    @Test func upstreamsAreToldWithBreakerAndBudget() async throws {
        try await Workshop.open { shop in
            shop.upstream.fail(.refused)
            _ = try await api(shop).respond(to: Request(target: "/v2/mirror/x/manifests/v1"))
            shop.upstream.budget?.note(RateBudget.Reading(limit: 100, remaining: 42, window: nil, time: 0))
            let (status, text) = try await ask(shop, .GET, "/_entrepot/upstreams")
            #expect(status == 200)
            #expect(
                text.contains(
                    #"{"breaker":"closed","failures":1,"lastError":"upstream0 was told to fail","limit":100,"namespace":"mirror","remaining":42,"upstream":"upstream0","waitSeconds":0}"#
                ))
        }
    }

    @Test func fillsAreToldWithTheirProgress() async throws {
        try await Workshop.open { shop in
            let content = ByteBuffer(repeating: 7, count: 1000)
            let digest = Digest(hashing: content)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 1000), as: digest)
            let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
            valve.send(try #require(content.getSlice(at: 0, length: 500)))
            guard case .filling(let reader) = answer.source else {
                Issue.record("the blob should be arriving")
                return
            }
            _ = try await reader.end(after: 0)
            let (_, text) = try await ask(shop, .GET, "/_entrepot/fills")
            #expect(
                text == """
                    [{"digest":"\(digest)","hasReaders":true,"released":496,"repositories":["mirror/x"],"size":1000}]

                    """)
        }
    }

    @Test func aPurgedTagIsAskedForAnewAndSoIsAPurgedDigest() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            let target = "/v2/mirror/x/manifests/v1"
            _ = try await api(shop).respond(to: Request(target: target))
            #expect(
                try await ask(shop, .POST, "/_entrepot/purge?repository=mirror/x&reference=v1") == (
                    200, "{\"purged\":1}\n"
                ))
            _ = try await api(shop).respond(to: Request(target: target))
            #expect(shop.upstream.questions == ["GET manifest x v1", "GET manifest x v1"])
            #expect(
                try await ask(shop, .POST, "/_entrepot/purge?repository=mirror/x&reference=\(digest)")
                    == (200, "{\"purged\":1}\n"))
            _ = try await api(shop).respond(to: Request(target: "/v2/mirror/x/manifests/\(digest)"))
            #expect(shop.upstream.questions.last == "GET manifest x \(digest)")
            #expect(try await ask(shop, .POST, "/_entrepot/purge?repository=mirror/x") == (200, "{\"purged\":1}\n"))
        }
    }

    @Test func aRefreshedTagIsAskedForHoweverFreshItIs() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            _ = try await api(shop).respond(to: Request(target: "/v2/mirror/x/manifests/v1"))
            let new = shop.upstream.hold(manifest + " ", tag: "v1")
            #expect(
                try await ask(shop, .POST, "/_entrepot/refresh?repository=mirror/x&reference=v1")
                    == (200, "{\"digest\":\"\(new)\"}\n"))
        }
    }

    private struct ScriptedControl: ServerControl {
        let outcome: ReloadReport?

        var report: ServerReport {
            ServerReport(
                version: "1", started: "then", uptimeSeconds: 7, configurationFiles: ["a.toml"], generation: 3,
                lastReload: outcome, restartRequired: ["server.port"], connections: 2, requests: 1)
        }

        func reload() async -> ReloadReport? { outcome }
    }

    @Test(
        arguments: [
            (.applied, .ok), (.refused, .unprocessableEntity), (nil, .serviceUnavailable),
        ] as [(ReloadReport.Outcome?, HTTPResponseStatus)])
    func aReloadTellsWhatCameOfIt(outcome: ReloadReport.Outcome?, status: HTTPResponseStatus) async throws {
        try await Workshop.open { shop in
            let report = outcome.map {
                ReloadReport(time: "now", cause: "command", outcome: $0, generation: 3, problems: ["a.toml:1: x"])
            }
            let api = try api(shop, control: ScriptedControl(outcome: report))
            let headers: HTTPHeaders = ["Authorization": "Bearer \(word)"]
            let answer = await api.respond(
                to: Request(method: .POST, target: "/_entrepot/reload", headers: headers))
            #expect(answer.status == status)
            let told = String(buffer: try await answer.body.collect(upTo: 10_000))
            if let outcome {
                #expect(
                    told == """
                        {"cause":"command","generation":3,"outcome":"\(outcome.rawValue)","problems":["a.toml:1: x"],\
                        "restartRequired":[],"time":"now"}

                        """)
            }
            let refused = await api.respond(to: Request(target: "/_entrepot/reload", headers: headers))
            #expect(refused.status == .methodNotAllowed)
            #expect(refused.headers["Allow"] == ["POST"])
            let stranger = await api.respond(to: Request(method: .POST, target: "/_entrepot/reload"))
            #expect(stranger.status == .unauthorized)
        }
    }

    @Test func theStatusIsToldToWhoShowsTheToken() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, control: ScriptedControl(outcome: nil))
            let answer = await api.respond(
                to: Request(target: "/_entrepot/status", headers: ["Authorization": "Bearer \(word)"]))
            #expect(
                String(buffer: try await answer.body.collect(upTo: 10_000)) == """
                    {"configurationFiles":["a.toml"],"connections":2,"generation":3,"requestsInFlight":1,\
                    "restartRequired":["server.port"],"started":"then","uptimeSeconds":7,"version":"1"}

                    """)
        }
    }

    @Test func readinessTellsOfAReloadWithoutItsProblems() async throws {
        try await Workshop.open { shop in
            let readiness = Readiness()
            let api = DistributionAPI(
                registry: shop.registry, namespaces: shop.namespaces, readiness: readiness, access: .open,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            func ask() async throws -> (HTTPResponseStatus, String) {
                let answer = await api.respond(to: Request(target: "/readyz"))
                return (answer.status, String(buffer: try await answer.body.collect(upTo: 10_000)))
            }
            #expect(
                try await ask() == (.ok, #"{"configuration":{"generation":1,"problems":0},"ready":true,"status":"ok"}"#)
            )
            readiness.tell(
                ReloadReport(
                    time: "now", cause: "files", outcome: .refused, generation: 1, problems: ["repository.hush: x"],
                    restartRequired: ["server.port"]))
            let (status, text) = try await ask()
            #expect(status == .ok)
            #expect(
                text == """
                    {"configuration":{"generation":1,"last_reload":{"outcome":"refused","time":"now"},"problems":1,\
                    "restart_required":["server.port"]},"ready":true,"status":"degraded"}
                    """)
            readiness.withdraw()
            #expect(try await ask().0 == .serviceUnavailable)
        }
    }

    @Test func aPrefixIsPurgedWithAllBelowItAndNothingBeside() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            _ = shop.upstream.hold(manifest, tag: "v2")
            for name in ["team", "team/a", "team/a/b", "team-x", "teams/a", "other"] {
                for tag in ["v1", "v2"] {
                    _ = try await api(shop).respond(to: Request(target: "/v2/mirror/\(name)/manifests/\(tag)"))
                }
            }
            let (status, text) = try await ask(shop, .POST, "/_entrepot/purge?prefix=mirror/team/")
            #expect(status == 200)
            #expect(
                text == """
                    {"more":false,"purged":6,"repositories":[{"purged":2,"repository":"mirror/team"},\
                    {"purged":2,"repository":"mirror/team/a"},{"purged":2,"repository":"mirror/team/a/b"}]}

                    """)
            let (_, again) = try await ask(shop, .POST, "/_entrepot/purge?prefix=mirror/team")
            #expect(again == "{\"more\":false,\"purged\":0,\"repositories\":[]}\n")
            let (_, rest) = try await ask(shop, .POST, "/_entrepot/purge?prefix=mirror")
            #expect(rest.contains("\"purged\":6"))
        }
    }

    @Test func aPrefixIsRefreshedTagByTag() async throws {
        try await Workshop.open { shop in
            let digest = shop.upstream.hold(manifest, tag: "v1")
            _ = shop.upstream.hold(manifest, tag: "v2")
            for name in ["team/a", "team/b"] {
                for tag in ["v1", "v2"] {
                    _ = try await api(shop).respond(to: Request(target: "/v2/mirror/\(name)/manifests/\(tag)"))
                }
            }
            shop.upstream.forget(tag: "v2")
            let (elsewhere, _) = try await ask(
                shop, .POST, "/_entrepot/refresh?prefix=mirror/team&after=mirror/other:v1")
            #expect(elsewhere == 400)
            let (_, text) = try await ask(shop, .POST, "/_entrepot/refresh?prefix=mirror/team/&after=mirror/team/a:v1")
            #expect(
                text == """
                    {"refreshed":[{"error":"upstream0 has no such thing","repository":"mirror/team/a","tag":"v2"},\
                    {"digest":"\(digest)","repository":"mirror/team/b","tag":"v1"},\
                    {"error":"upstream0 has no such thing","repository":"mirror/team/b","tag":"v2"}]}

                    """)
        }
    }

    @Test func aLongRefreshTellsWhereToGoOn() async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            for name in ["a", "b"] {
                _ = try await api(shop).respond(to: Request(target: "/v2/mirror/\(name)/manifests/v1"))
            }
            shop.upstream.beSilent(true)
            let first = Task { try await ask(shop, .POST, "/_entrepot/refresh?prefix=mirror") }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(15))
            let (_, text) = try await first.value
            #expect(text.contains("served from the cache"))
            #expect(text.contains("\"next\":\"mirror/a:v1\""))
            shop.upstream.beSilent(false)
            let (_, rest) = try await ask(shop, .POST, "/_entrepot/refresh?prefix=mirror&after=mirror/a:v1")
            #expect(rest.contains("\"repository\":\"mirror/b\""))
            #expect(!rest.contains("next"))
        }
    }

    @Test(arguments: [
        ("purge?prefix=A", 400), ("purge?prefix=", 400), ("purge?prefix=mirror/x&repository=mirror/x", 400),
        ("purge?prefix=local", 200), ("refresh?prefix=mirror&after=x", 400),
        ("purge", 400), ("purge?repository=A", 400), ("purge?repository=nowhere/x", 404),
        ("purge?repository=local/x", 400),
        ("refresh?repository=mirror/x", 400), ("refresh?repository=mirror/x&reference=absent", 404), ("nothing", 404),
    ])
    func whatMakesNoSenseIsToldSo(path: String, expected: Int) async throws {
        try await Workshop.open { shop in
            let (status, _) = try await ask(shop, .POST, "/_entrepot/\(path)")
            #expect(status == expected)
        }
    }

    /// Policy may allow the prefix and still forbid what lies below it.
    @Test(arguments: ["purge", "refresh"])
    func aPrefixTouchesOnlyWhatPolicyAllows(what: String) async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(manifest, tag: "v1")
            for name in ["team", "team/a", "team/secret"] {
                _ = try await api(shop).respond(to: Request(target: "/v2/mirror/\(name)/manifests/v1"))
            }
            let access = try TestUsers.access(
                global: TestUsers.policy(
                    false, "identity.id == 'alice' && !(repository.name in ['mirror/team/secret'])"))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let api = AdminAPI(
                next: try api(shop), registry: shop.registry, namespaces: shop.namespaces, token: nil, access: access,
                logger: logger)
            let response = await api.respond(
                to: Request(method: .POST, target: "/_entrepot/\(what)?prefix=mirror/team", headers: TestUsers.alice))
            #expect(response.status == .ok)
            let text = try await PushClient.text(response)
            #expect(text.contains("mirror/team/a"))
            #expect(!text.contains("secret"))
        }
    }
}
