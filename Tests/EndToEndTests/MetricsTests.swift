import Foundation
import TestSupport
import Testing

/// Metrics as Prometheus sees them.
@Suite struct MetricsTests {
    private static let openMetrics = ["Accept": "application/openmetrics-text; version=1.0.0"]

    private func start(on stage: Stage, repositories: String) async throws -> (EntrepotServer, metrics: String) {
        let port = FreePorts.next()
        let entrepot = try await EntrepotServer.start(
            on: stage, repositories: "[observability]\nlisten = \"127.0.0.1:\(port)\"\n" + repositories)
        return (entrepot, "http://127.0.0.1:\(port)")
    }

    private func number(_ text: String, _ series: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

    @Test func aColdAndAWarmPullAreCountedAsMissAndHitAndPromtoolFindsNothing() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let (entrepot, metrics) = try await start(
                on: stage, repositories: "[repository.up]\n[[repository.up.upstream]]\nurl = \"\(upstream.url)\"\n")
            for _ in 0..<3 {
                let answer = try await entrepot.get("/v2/up/test/app/manifests/multi", headers: ["Accept": "*/*"])
                #expect(answer.status == 200)
            }
            _ = try await entrepot.get("/v2/up/absent/manifests/x")
            let text = try await HTTPProbe.get("\(metrics)/metrics").text
            let requests = "entrepot_requests_total{action=\"get-manifest\""
            #expect(number(text, "\(requests),status=\"2xx\",cache=\"miss\"}") == 1)
            #expect(number(text, "\(requests),status=\"2xx\",cache=\"hit\"}") == 2)
            #expect(number(text, "\(requests),status=\"4xx\",cache=\"none\"}") == 1)
            #expect(number(text, "entrepot_request_seconds_count{action=\"get-manifest\"}") == 4)
            #expect(number(text, "entrepot_request_first_byte_seconds_count{action=\"get-manifest\"}") == 4)
            #expect(number(text, "entrepot_namespace_requests_total{namespace=\"up\",cache=\"hit\"}") == 2)
            #expect((number(text, "entrepot_response_bytes_total{action=\"get-manifest\",source=\"cache\"}") ?? 0) > 0)
            let asked = "{upstream=\"\(upstream.host)\",operation=\"manifest\"}"
            #expect((number(text, "entrepot_upstream_request_seconds_count\(asked)") ?? 0) > 0)
            #expect((number(text, "entrepot_store_operations_total{operation=\"write\",outcome=\"ok\"}") ?? 0) > 0)
            #expect((number(text, "entrepot_connections_total{outcome=\"accepted\"}") ?? 0) >= 4)
            #expect(number(text, "entrepot_config_reload_failures_total") == 0)
            #expect((number(text, "process_resident_memory_bytes") ?? 0) > 1_000_000)
            #expect((number(text, "process_threads") ?? 0) >= 2)
            #expect(text.contains("entrepot_upstream_requests_total{upstream=\"\(upstream.host)\""))
            let file = try stage.write(text, to: "scrape.txt")
            let lint = try await Command("sh", ["-c", "promtool check metrics < '\(file.path)'"]).outcome()
            #expect(lint.status == .success, "\(lint.output)")
        }
    }

    @Test func aRealPrometheusScrapesIt() async throws {
        try await Stage.with { stage in
            let (entrepot, metrics) = try await start(on: stage, repositories: "[repository.local]\n")
            #expect(try await entrepot.get("/v2/").status == 200)
            let file = try stage.write(
                """
                global: {scrape_interval: 1s}
                scrape_configs:
                  - {job_name: entrepot, static_configs: [{targets: ["\(metrics.dropFirst("http://".count))"]}]}
                """, to: "prometheus.yml")
            let port = FreePorts.next()
            _ = try stage.start(
                "prometheus",
                [
                    "--config.file=\(file.path)", "--web.listen-address=127.0.0.1:\(port)",
                    "--storage.tsdb.path=\(try stage.makeDirectory("prometheus").path)",
                ], name: "prometheus")
            let query = "http://127.0.0.1:\(port)/api/v1/query?query=entrepot_build_info"
            let found = try await eventually(within: .seconds(60)) {
                let answer = try await HTTPProbe.get(query).text
                return answer.contains("\"job\":\"entrepot\"") ? answer : nil
            }
            #expect(found?.contains("version") == true)
        }
    }

    @Test func theEndsOfCertificatesShow() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let port = FreePorts.next()
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[observability]\nlisten = \"127.0.0.1:\(port)\"\n[repository.local]\n",
                settings: .init(certificates: certificates, clientAuthentication: "optional"))
            let ends = "entrepot_certificate_expiry_timestamp_seconds"
            let text = try await HTTPProbe.get("http://127.0.0.1:\(port)/metrics").text
            let now = Date().timeIntervalSince1970
            #expect((number(text, "\(ends){use=\"server\",owner=\"\"}") ?? 0) > now)
            #expect((number(text, "\(ends){use=\"client_authority\",owner=\"\"}") ?? 0) > now)
            #expect(try await entrepot.get("/startupz").status == 200)
        }
    }

    @Test func openMetricsIsGivenWhereItIsAskedFor() async throws {
        try await Stage.with { stage in
            let (_, metrics) = try await start(on: stage, repositories: "[repository.local]\n")
            let answer = try await HTTPProbe.get("\(metrics)/metrics", headers: Self.openMetrics)
            #expect(answer.headers["content-type"]?.hasPrefix("application/openmetrics-text; version=1.0.0") == true)
            #expect(answer.text.hasSuffix("# EOF\n"))
            #expect(try await HTTPProbe.get("\(metrics)/healthz").status == 200)
            #expect(try await HTTPProbe.get("\(metrics)/readyz").status == 200)
            #expect(try await HTTPProbe.get("\(metrics)/v2/").status == 404)
            #expect(try await HTTPProbe.get("\(metrics)/metrics", method: "POST").status == 405)
        }
    }

    @Test func onTheMainPortOnlyAdministratorsSeeThem() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + "[repository.local]\n")
            #expect(try await entrepot.get("/metrics").status == 401)
            let shown = ["Authorization": "Bearer \(EntrepotServer.adminToken)"]
            let answer = try await entrepot.get("/metrics", headers: shown)
            #expect(answer.status == 200)
            #expect(answer.text.contains("entrepot_build_info{version="))
            // A name that no client could have put there.
            #expect(!answer.text.contains(EntrepotServer.adminToken))
        }
    }
}
