import Access
import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import DistributionAPI
@testable import HTTPServer
@testable import Observability

/// What the audit is told of a request.
@Suite struct AuditRecordTests {
    private let users: Users

    init() throws { users = try TestUsers.access().users }

    private func record(
        _ headers: HTTPHeaders = [:], status: HTTPResponseStatus = .unauthorized, from address: String = "192.0.2.1",
        _ change: (inout RequestNote) throws -> Void
    ) throws -> AuditRecord {
        var note = RequestNote()
        try change(&note)
        let client = try SocketAddress(ipAddress: address, port: 1)
        let exchange = Exchange(
            request: Request(target: "/v2/", headers: headers, clientAddress: client), requestID: "id", status: status,
            bytesSent: 0, bytesReceived: 0, nanoseconds: 1, firstByteNanoseconds: 1, outcome: .complete,
            clientAddress: client, note: nil)
        return try #require(AuditRecord(exchange, note, users))
    }

    private func login(
        _ headers: HTTPHeaders, _ error: CredentialError = .wrong, from address: String = "192.0.2.1"
    ) throws -> AuditRecord {
        try record(headers, from: address) { $0.error = Authorizer.refusal(error) }
    }

    private func folding(_ record: AuditRecord) throws -> String { try #require(record.folding).identity }

    @Test func `a name that was tried is told if it is a user's, and nobody's is not`() throws {
        let known = try login(TestUsers.wrong)
        #expect(known.event == "login")
        #expect(known.fields.first { $0.key == "username" }?.value == "alice")
        // `s3cret:alice`, as by somebody in a hurry.
        let unknown = try login(["Authorization": "Basic czNjcmV0OmFsaWNl"])
        #expect(!unknown.line.contains("s3cret") && !unknown.line.contains("username"))
        let forms = try ["bob", "s3cret"].map { name in
            try record { $0.deed = AuditedDeed(event: "login", claimed: name) }
        }
        #expect(forms[0].line.contains(#""username":"bob""#))
        #expect(!forms[1].line.contains("s3cret"))
    }

    @Test func `failed logins of one party and cause are of one kind, whatever the stranger chooses`() throws {
        let guess = try folding(try login(["Authorization": "Bearer x"], .invalidToken("malformed")))
        #expect(try folding(try login(["Authorization": "Bearer y"], .invalidToken("malformed"))) == guess)
        #expect(try folding(try login(["Authorization": "Bearer y"], .invalidToken("expired"))) != guess)
        #expect(
            try folding(try login(["Authorization": "Bearer y"], .invalidToken("malformed"), from: "192.0.2.2"))
                != guess)
        let slowed = try folding(try login(TestUsers.wrong, .slowed(retryAfter: 3)))
        #expect(try folding(try login(TestUsers.wrong, .slowed(retryAfter: 4))) == slowed)
        #expect(try folding(try login(["Authorization": "Basic Ym9iOmFsaWNl"], .slowed(retryAfter: 4))) != slowed)
        let hosts = try ["2001:db8:1:2::3", "2001:db8:1:ffff::4"].map {
            try folding(try login(TestUsers.wrong, from: $0))
        }
        #expect(hosts[0] == hosts[1])
        let calls = try ["a", "b"].map { path in
            try record {
                $0.error = RegistryError(.unauthorized, "no")
                $0.deed = AuditedDeed(event: "admin \(path)", fields: [(key: "query", value: path)])
            }
        }
        #expect(try folding(calls[0]) == folding(calls[1]))
        #expect(calls[0].folding?.event == "admin")
    }

    @Test func `what changed something is never folded, and refusals of who is known are by repository`() throws {
        let names = try ["local/a", "local/b"].map { try #require(RepositoryName($0)) }
        let name = try #require(Username("alice"))
        let alice = Identity(try #require(users[name]), origin: ClientOrigin())
        let tag = try #require(Tag("v1"))
        func push(_ name: RepositoryName, _ status: HTTPResponseStatus, by identity: Identity?) throws -> AuditRecord {
            try record(TestUsers.alice, status: status) {
                $0.action = .putManifest(name, .tag(tag))
                $0.identity = identity
                if status.code >= 400 { $0.error = RegistryError(.denied, "no") }
            }
        }
        for identity in [nil, alice] { #expect(try push(names[0], .created, by: identity).folding == nil) }
        let refused = try names.map { try folding(try push($0, .forbidden, by: alice)) }
        #expect(refused[0] != refused[1])
        #expect(try folding(try push(names[0], .forbidden, by: alice)) == refused[0])
        let strangers = try names.map { try folding(try push($0, .forbidden, by: nil)) }
        #expect(strangers[0] == strangers[1])
        let tokens = try [nil, "alice"].map { actor in
            try record(status: .ok) { $0.deed = AuditedDeed(event: "token", actor: actor) }
        }
        #expect(tokens[0].folding != nil)
        #expect(tokens[1].folding == nil)
    }
}
