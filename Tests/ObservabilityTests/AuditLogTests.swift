import Foundation
import Logging
import Testing

@testable import Observability

/// Whether anybody can push the records of others out of the audit's files.
@Suite struct AuditLogTests {
    private func withLog(_ body: (AuditLog) throws -> Void) throws -> [[String: String]] {
        let path = NSTemporaryDirectory() + "audit-test-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try AuditLog([.file(path: path, largest: 1 << 20, kept: 1)], logger: Logger(label: "test"))
        try body(log)
        log.flush()
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
    }

    private func login(_ client: String) -> AuditRecord {
        AuditRecord(
            "login", .denied, client: client, requestID: "id", fields: [(key: "status", value: "401")],
            folding: .init(identity: client, event: "login", fields: [(key: "status", value: "401")]))
    }

    @Test func theSameIsToldOnceAndThenCounted() throws {
        let lines = try withLog { log in
            for _ in 0..<5 { log.record(login("192.0.2.1")) }
            for _ in 0..<2 { log.record(AuditRecord("push", .done, actor: "alice")) }
            log.record(login("192.0.2.2"))
        }
        #expect(lines.map { $0["event"] } == ["login", "push", "push", "login", "login"])
        #expect(lines[0]["request_id"] == "id" && lines[0]["repeated"] == nil)
        let summary = lines[4]
        #expect(summary["client"] == "192.0.2.1" && summary["outcome"] == "denied" && summary["status"] == "401")
        #expect(summary["repeated"] == "4" && summary["since"]?.isEmpty == false && summary["request_id"] == nil)
    }

    @Test func whatComesFromEverywhereIsToldTogether() throws {
        let lines = try withLog { log in
            for number in 0..<1000 { log.record(login("2001:db8:\(number)::1")) }
            log.record(AuditRecord("push", .done, actor: "alice"))
        }
        #expect(lines.count == LogFolding.mostEntries + 2)
        #expect(lines.contains { $0["event"] == "push" })
        #expect(lines.last?["event"] == "others")
        #expect(lines.last?["repeated"] == "\(1000 - LogFolding.mostEntries)")
    }

    @Test func recordsAreFoldedForAMinute() {
        var folding = AuditLog.folding
        #expect(folding.admits("a", now: .zero) { "\($0)" })
        #expect(!folding.admits("a", now: .seconds(59)) { "\($0)" })
        #expect(folding.due(now: .seconds(59)) == [])
        #expect(folding.due(now: .seconds(60)) == ["1"])
    }
}
