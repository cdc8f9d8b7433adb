import Foundation
import TestSupport
import Testing

/// Spans as a collector gets them.
@Suite struct TracingTests {
    private struct Span: Decodable {
        var traceId: String
        var spanId: String
        var parentSpanId: String?
        var name: String
        var service: String
        var path: String
        var shown: String
    }

    /// A collector, and what it has got so far.
    private static func collector(on stage: Stage) async throws -> (port: UInt16, spans: () -> [Span]) {
        let port = FreePorts.next()
        let file = stage.directory.appendingPathComponent("spans")
        let process = try stage.start(
            "/usr/bin/python3", [Paths.script("otlp-collector.py"), "\(port)", file.path], name: "collector")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return (
            port,
            {
                ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
                    try? JSONDecoder().decode(Span.self, from: Data($0.utf8))
                }
            }
        )
    }

    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = ["traceparent": "00-\(trace)-b7ad6b7169203331-01", "tracestate": "x=1"]

    @Test func aPullIsOneTraceFromTheClientToTheUpstream() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (port, spans) = try await Self.collector(on: stage)
            let headers = try stage.write("X-Shown: opens-the-collector\n", to: "otlp-headers")
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let metrics = FreePorts.next()
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    [observability]
                    listen = "127.0.0.1:\(metrics)"
                    [observability.tracing]
                    endpoint = "http://127.0.0.1:\(port)/v1/traces"
                    sampling_rate = 0
                    headers_file = "\(headers.path)"
                    [repository.up]
                    [[repository.up.upstream]]
                    url = "\(upstream.url)"
                    """,
                settings: .init(log: "format = \"json\"\n[log.levels]\naccess = \"info\"\n"))
            let manifest = try await entrepot.get(
                "/v2/up/test/app/manifests/multi", headers: Self.parent.merging(["Accept": "*/*"]) { $1 })
            #expect(manifest.status == 200)
            // Nobody asked for this one to be traced.
            #expect(try await entrepot.get("/v2/").status == 200)
            let found = try await eventually(within: .seconds(20)) {
                let all = spans()
                return all.contains { $0.name == "GET get-manifest" } ? all : nil
            }
            let all = try #require(found)
            #expect(all.allSatisfy { $0.traceId == Self.trace })
            #expect(all.allSatisfy { $0.service == "entrepot" && $0.path == "/v1/traces" })
            #expect(all.allSatisfy { $0.shown == "opens-the-collector" })
            let request = try #require(all.first { $0.name == "GET get-manifest" })
            #expect(request.parentSpanId == "b7ad6b7169203331")
            #expect(all.contains { $0.name == "upstream manifest" })
            #expect(all.contains { $0.name == "store read" && $0.parentSpanId == request.spanId })
            let line = try await eventually(within: .seconds(10)) {
                entrepot.process.output.contains("\"trace_id\":\"\(Self.trace)\"") ? true : nil
            }
            #expect(line == true)
            let text = try await HTTPProbe.get(
                "http://127.0.0.1:\(metrics)/metrics", headers: ["Accept": "application/openmetrics-text"]
            ).text
            #expect(text.contains("# {trace_id=\"\(Self.trace)\"}"))
        }
    }

    @Test func theVariablesOfOpenTelemetryAreHeededAndACollectorThatIsGoneCostsNothing() async throws {
        try await Stage.with { stage in
            let port = FreePorts.next()
            let root = try stage.makeDirectory("root")
            let file = try stage.write(
                "[server]\nport = \(port)\n[storage.fs]\nroot_dir = \"\(root.path)\"\n[repository.local]\n",
                to: "x.toml")
            let collector = FreePorts.next()
            let server = try stage.start(
                Paths.entrepot.path, ["-c", file.path, "server"],
                environment: [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(collector)", "OTEL_SERVICE_NAME": "mirror",
                ])
            try await server.waitUntilReady { FreePorts.isListening(port) }
            for _ in 0..<3 { #expect(try await HTTPProbe.get("http://127.0.0.1:\(port)/v2/").status == 200) }
            let file2 = stage.directory.appendingPathComponent("spans")
            let process = try stage.start(
                "/usr/bin/python3", [Paths.script("otlp-collector.py"), "\(collector)", file2.path], name: "collector")
            try await process.waitUntilReady { FreePorts.isListening(collector) }
            let service = try await eventually(within: .seconds(30)) {
                _ = try await HTTPProbe.get("http://127.0.0.1:\(port)/v2/")
                let text = (try? String(contentsOf: file2, encoding: .utf8)) ?? ""
                return text.contains("\"service\": \"mirror\"") ? text : nil
            }
            #expect(service != nil)
        }
    }
}
