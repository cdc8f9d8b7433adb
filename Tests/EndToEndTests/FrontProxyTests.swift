import Foundation
import TestSupport
import Testing

/// Behind the proxies that operators run.
@Suite struct FrontProxyTests {
    private static let table = """
        [repository.local]
        [global.access_policy]
        rules = ["identity.client_ip == '127.0.0.2' && request.operation == 'list'"]

        """

    /// What a client at 127.0.0.2 is, seen through a proxy at 127.0.0.1.
    private func status(_ proxy: FrontProxy, from address: String, headers: [String: String] = [:]) async throws -> Int
    {
        try await HTTPProbe.get("\(proxy.url)/v2/_catalog", headers: headers, options: ["--interface", address]).status
    }

    @Test(arguments: FrontProxy.Kind.allCases)
    func `the client's own address counts, whatever it says of itself`(kind: FrontProxy.Kind) async throws {
        try await Stage.with { stage in
            let server =
                "trusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = \(kind.speaksProxyProtocol)\n"
            let port = FreePorts.next()
            let proxy = try await FrontProxy.start(kind, on: stage, before: port)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: Self.table, settings: .init(server: server), port: port,
                readyThrough: kind.speaksProxyProtocol ? proxy.url : nil)
            #expect(try await status(proxy, from: "127.0.0.2") == 200)
            #expect(try await status(proxy, from: "127.0.0.3") == 403)
            // Who is not the proxy cannot say who they are, and who is behind it neither.
            let lie = ["X-Forwarded-For": "127.0.0.2", "Forwarded": "for=127.0.0.2"]
            #expect(
                try await entrepot.get("/v2/_catalog", headers: lie, options: ["--interface", "127.0.0.3"]).status
                    == 403)
            #expect(try await status(proxy, from: "127.0.0.3", headers: ["X-Forwarded-For": "127.0.0.2"]) == 403)
            #expect(try await status(proxy, from: "127.0.0.2", headers: ["X-Forwarded-For": "127.0.0.9"]) == 200)
        }
    }

    @Test(arguments: FrontProxy.Kind.allCases)
    func `lines and limits are the client's own`(kind: FrontProxy.Kind) async throws {
        try await Stage.with { stage in
            let port = FreePorts.next()
            let proxy = try await FrontProxy.start(kind, on: stage, before: port)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    [repository.local]
                    [limits.address]
                    requests_per_second = 1
                    request_burst = 3
                    """,
                settings: .init(
                    server: "trusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = \(kind.speaksProxyProtocol)\n",
                    log: "format = \"json\"\n[log.levels]\naccess = \"info\"\n"),
                port: port, readyThrough: kind.speaksProxyProtocol ? proxy.url : nil)
            func ask(from address: String) async throws -> HTTPProbe.Answer {
                try await HTTPProbe.get(
                    "\(proxy.url)/v2/", headers: ["X-Request-Id": "forged"], options: ["--interface", address])
            }
            var answers: [HTTPProbe.Answer] = []
            for _ in 0..<8 { answers.append(try await ask(from: "127.0.0.2")) }
            let refused = try #require(answers.first { $0.status == 429 })
            #expect(refused.headers["retry-after"] == "1")
            #expect(refused.text.contains("TOOMANYREQUESTS"))
            // Another client behind the same proxy has its own share.
            let other = try await ask(from: "127.0.0.3")
            #expect(other.status == 200)
            let id = try #require(other.headers["x-request-id"])
            #expect(id != "forged")
            let line = try await eventually(within: .seconds(10)) {
                entrepot.process.output.split(separator: "\n").first { $0.contains("\"id\":\"\(id)\"") }
            }
            #expect(line?.contains("\"client\":\"127.0.0.3\"") == true, "\(line ?? "")")
        }
    }

    @Test func `what the proxy passes on and does not say itself is refused if it contradicts it`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: Self.table, settings: .init(server: "trusted_proxies = [\"127.0.0.1\"]\n"))
            let proxy = try await FrontProxy.start(.nginx, on: stage, before: entrepot.port)
            // nginx hands `Forwarded` on as it came.
            #expect(try await status(proxy, from: "127.0.0.3", headers: ["Forwarded": "for=127.0.0.2"]) == 400)
            #expect(try await status(proxy, from: "127.0.0.2", headers: ["Forwarded": "for=127.0.0.2"]) == 200)
        }
    }

    @Test func `a proxy in front of an unsaid openness opens nothing to those behind it`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: "[repository.local]\n")
            let proxy = try await FrontProxy.start(.nginx, on: stage, before: entrepot.port)
            let path = "/v2/local/x/blobs/uploads/"
            #expect(try await entrepot.get(path, method: "POST").status == 202)
            #expect(try await HTTPProbe.get("\(proxy.url)\(path)", method: "POST").status == 403)
            #expect(try await entrepot.get(path, headers: ["Host": "evil.example"], method: "POST").status == 403)
            #expect(
                try await entrepot.get(path, headers: ["Origin": "http://evil.example"], method: "POST").status == 403)
            #expect(try await HTTPProbe.get("\(proxy.url)/v2/").status == 200)
            #expect(entrepot.process.output.contains("everybody on this machine may push and delete"))
        }
    }

    @Test func `nginx and the server agree where a chunked body ends, or one of them refuses it`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.local]\n[global]\ndefault_access = \"open\"\n")
            let proxy = try await FrontProxy.start(.nginx, on: stage, before: entrepot.port)
            let printed = try await Command(
                "/usr/bin/python3", [Paths.script("chunk-boundaries.py"), "\(entrepot.port)", "\(proxy.port)"]
            ).run(within: .seconds(240))
            struct Outcome: Decodable {
                var counts: [String: Int]
                var dangerous: [[String]]
                var valid: [String]
            }
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            #expect(outcome.valid == ["two", "two"])
            #expect(outcome.dangerous == [])
            #expect(outcome.counts["refused refused"] ?? 0 > 100, "\(outcome.counts)")
        }
    }
}
