import Access
import DistributionAPI
import FoundationEssentials
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import Observability
import TestSupport
import Testing

/// What `/readyz`, `/healthz` and `/startupz` tell whom.
@Suite struct ReadinessTests {
    @Test func aChangeOfACheckIsToldOnce() {
        var changes = HealthChanges()
        func look(_ store: HealthCheck.Status, _ disk: HealthCheck.Status?) -> [String] {
            let checks = [HealthCheck("store", store, "x")] + (disk.map { [HealthCheck("disk", $0, "y")] } ?? [])
            return changes.note(checks).map { "\($0.name) \($0.status.rawValue)" }
        }
        #expect(look(.ok, .degraded) == ["disk degraded"])
        #expect(look(.ok, .degraded) == [])
        #expect(look(.failing, nil) == ["store failing"])
        #expect(look(.degraded, .degraded) == ["store degraded"])
        #expect(look(.ok, .ok) == ["store ok", "disk ok"])
        #expect(look(.ok, .ok) == [])
    }

    private static let token = "a-token-of-some-length"

    private struct Body: Decodable {
        struct Check: Decodable {
            var status: String
            var message: String
        }
        var ready: Bool
        var status: String
        var checks: [String: Check]?
    }

    private func ask(_ readiness: Readiness, authorization: String? = nil) async throws -> (HTTPResponseStatus, Body) {
        try await Workshop.open { shop in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let api = AdminAPI(
                next: DistributionAPI(
                    registry: shop.registry, namespaces: shop.namespaces, readiness: readiness, access: .open,
                    logger: logger),
                registry: shop.registry, namespaces: shop.namespaces, token: AdminToken(Self.token), access: .open,
                readiness: readiness, logger: logger)
            let headers: HTTPHeaders = authorization.map { ["Authorization": $0] } ?? [:]
            let answer = await api.respond(to: Request(target: "/readyz", headers: headers))
            let bytes = try await answer.body.collect(upTo: 10_000)
            return (answer.status, try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView)))
        }
    }

    @Test(
        arguments: [
            (HealthCheck.Status.ok, HTTPResponseStatus.ok, "ok"), (.degraded, .ok, "degraded"),
            (.failing, .serviceUnavailable, "failing"),
        ])
    func strangersAreToldOneWord(status: HealthCheck.Status, code: HTTPResponseStatus, word: String) async throws {
        let readiness = Readiness()
        readiness.look { [HealthCheck("disk", .ok, "fine"), HealthCheck("store", status, "hush")] }
        for authorization in [nil, "Bearer wrong-token-of-length", "Basic eDp5", "nonsense"] {
            let (answered, body) = try await ask(readiness, authorization: authorization)
            #expect(answered == code)
            #expect(body.status == word)
            #expect(body.ready == (status != .failing))
            #expect(body.checks == nil)
        }
    }

    @Test func operatorsAreToldWhatWasFound() async throws {
        let readiness = Readiness()
        readiness.look { [HealthCheck("store", .degraded, "cannot be \"written\" to")] }
        readiness.tell(
            ReloadReport(
                time: "now", cause: "files", outcome: .refused, generation: 1, problems: ["repository.x: y"],
                restartRequired: []))
        let (status, body) = try await ask(readiness, authorization: "Bearer \(Self.token)")
        #expect(status == .ok)
        #expect(body.checks?["store"]?.message == "cannot be \"written\" to")
        #expect(body.checks?["configuration"]?.status == "degraded")
        #expect(body.checks?["configuration"]?.message.contains("repository.x: y") == true)
        readiness.withdraw()
        #expect(try await ask(readiness).0 == .serviceUnavailable)
    }

    @Test(arguments: [HTTPMethod.GET, .HEAD])
    func theStartIsOverWhenTheRegistryCanBeReached(method: HTTPMethod) async throws {
        let readiness = Readiness()
        let api = MetricsAPI(metrics: MetricsRegistry([]), readiness: readiness)
        #expect(await api.respond(to: Request(method: method, target: "/startupz")).status == .serviceUnavailable)
        readiness.start()
        #expect(await api.respond(to: Request(method: method, target: "/startupz")).status == .ok)
        #expect(await api.respond(to: Request(method: method, target: "/healthz")).status == .ok)
    }
}
