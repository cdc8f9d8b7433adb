import Foundation
import Logging
import NIOConcurrencyHelpers
import SigV4
import TestSupport
import Testing

@testable import Events

@Suite struct EventEndpointTests {
    private let folder: TemporaryDirectory
    private let sent = NIOLockedValueBox<[(body: [UInt8], fields: [String: String])]>([])
    private let waited = NIOLockedValueBox<[Duration]>([])

    init() throws { folder = try TemporaryDirectory() }

    private func event(_ name: String, _ action: RegistryEvent.Action = .push) -> RegistryEvent {
        RegistryEvent(
            time: "2026-01-01T00:00:00.000Z", action: action, repository: name, digest: "sha256:00", tag: "v1",
            mediaType: "x/y", size: 7,
            request: RegistryEvent.Request(
                id: "r1", client: "192.0.2.1", host: "h:5000", scheme: "https", method: "PUT", userAgent: "u",
                path: "/v2/x"),
            actor: "alice", id: "id-\(name)")
    }

    private func endpoint(
        _ format: EventFormat = .distribution, actions: Set<RegistryEvent.Action> = [.push, .pull],
        secret: String? = nil, answers: [EventEndpoint.Answer] = []
    ) throws -> EventEndpoint {
        let left = NIOLockedValueBox(answers)
        return try EventEndpoint(
            EventEndpoint.Settings(
                name: "x", format: format, actions: actions, folder: folder.file("q"), limit: 1 << 20,
                instance: "here", secret: secret.map { Array($0.utf8) }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            send: { [sent] body, fields in
                sent.withLockedValue { sent in
                    sent.append((body, Dictionary(fields.map { ($0.name, $0.value) }) { $1 }))
                }
                return left.withLockedValue { $0.isEmpty ? .taken : $0.removeFirst() }
            },
            pause: { [waited] duration in waited.withLockedValue { $0.append(duration) } })
    }

    private func json(_ index: Int = 0) throws -> [String: Any] {
        let body = sent.withLockedValue { $0[index].body }
        return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    @Test func distributionsEnvelopeHasSeveralInTheirOrder() async throws {
        let endpoint = try endpoint()
        endpoint.recordLater(event("a", .pull), try #require(EventLine.text(event("a", .pull))))
        await Notifications([endpoint]).record(event("b"))
        await Notifications([endpoint]).record(event("c", .delete))
        #expect(await endpoint.deliver())
        #expect(await !endpoint.deliver())
        let events = try #require(try json()["events"] as? [[String: Any]])
        #expect(events.map { $0["id"] as? String } == ["id-a", "id-b"])
        let event = events[1]
        #expect(event["action"] as? String == "push")
        let target = try #require(event["target"] as? [String: Any])
        #expect(target["repository"] as? String == "b")
        #expect(target["tag"] as? String == "v1")
        #expect(target["size"] as? Int == 7)
        #expect(target["url"] as? String == "https://h:5000/v2/x")
        #expect((event["request"] as? [String: Any])?["addr"] as? String == "192.0.2.1")
        #expect((event["actor"] as? [String: Any])?["name"] as? String == "alice")
        #expect((event["source"] as? [String: Any])?["instanceID"] as? String == "here")
        #expect(
            sent.withLockedValue { $0[0].fields["Content-Type"] }
                == "application/vnd.docker.distribution.events.v2+json")
    }

    @Test func aFloodOfPullsWhileTheEndpointIsDownDropsNoPush() async throws {
        let endpoint = try endpoint()
        let pull = try #require(EventLine.text(event("a", .pull)))
        for _ in 0..<2 {
            for _ in 0..<5000 { endpoint.recordLater(event("a", .pull), pull) }
            await Notifications([endpoint]).record(event("b"))
        }
        while await endpoint.deliver() {}
        let bodies = sent.withLockedValue { $0.map { String(decoding: $0.body, as: UTF8.self) } }
        #expect(bodies.reduce(0) { $0 + $1.components(separatedBy: #""id-b""#).count - 1 } == 2)
        #expect(bodies.reduce(0) { $0 + $1.components(separatedBy: #""id-a""#).count - 1 } < 10_000)
    }

    @Test func aCloudEventIsOneAndSigned() async throws {
        let endpoint = try endpoint(.cloudevents, secret: "key")
        for name in ["a", "b"] { await Notifications([endpoint]).record(event(name)) }
        while await endpoint.deliver() {}
        #expect(sent.withLockedValue { $0.count } == 2)
        let event = try json(1)
        #expect(event["specversion"] as? String == "1.0")
        #expect(event["type"] as? String == "io.entrepot.push")
        #expect(event["source"] as? String == "/entrepot/here")
        #expect(event["subject"] as? String == "b:v1")
        #expect((event["data"] as? [String: Any])?["digest"] as? String == "sha256:00")
        let (body, fields) = sent.withLockedValue { $0[1] }
        #expect(fields["X-Entrepot-Signature"] == "sha256=" + Hashes.hex(Hashes.hmac(Array("key".utf8), body)))
    }

    @Test func whoFailsIsAskedAgainAndWhoRefusesIsNot() async throws {
        let endpoint = try endpoint(answers: [.later("x", nil), .later("y", 30), .taken, .refused("z")])
        await Notifications([endpoint]).record(event("a"))
        #expect(await endpoint.deliver())
        #expect(sent.withLockedValue { $0.count } == 3)
        let pauses = waited.withLockedValue { $0 }
        #expect(pauses.count == 2)
        #expect(pauses[0] < .seconds(2))
        #expect(pauses[1] > .seconds(20))
        await Notifications([endpoint]).record(event("b"))
        #expect(await endpoint.deliver())
        #expect(await !endpoint.deliver())
        #expect(sent.withLockedValue { $0.count } == 4)
    }

    @Test func whatWasNotDeliveredIsDeliveredByTheNextProcess() async throws {
        await Notifications([try endpoint()]).record(event("a"))
        let next = try endpoint()
        #expect(await next.deliver())
        let events = try #require(try json()["events"] as? [[String: Any]])
        #expect(events.map { $0["id"] as? String } == ["id-a"])
        #expect(await !(try endpoint()).deliver())
    }

    @Test func identifiersAreUUIDs() {
        let ids = (0..<100).map { _ in RegistryEvent.newID() }
        #expect(Set(ids).count == 100)
        for id in ids { #expect(UUID(uuidString: id) != nil) }
    }
}
