import Testing

@testable import Console

/// What `entrepot top` draws.
@Suite struct LoadFrameTests {
    private static func sample(
        time: Double = 10, uptime: Int = 100, hits: Int = 90, misses: Int = 10, released: Int = 1 << 20,
        fills: String? = nil, upstreams: String = "[]", slowest: String = "[]"
    ) throws -> LoadSample {
        let digest = "sha256:" + String(repeating: "ab", count: 32)
        return try LoadSample(
            time: time,
            status: """
                {"version":"1.2.3","uptimeSeconds":\(uptime),"connections":3,"requestsInFlight":2,"generation":1}
                """,
            fills: fills ?? """
                [{"digest":"\(digest)","size":4194304,"released":\(released),"hasReaders":true,"repositories":["hub/nginx"]}]
                """,
            upstreams: upstreams, slowest: slowest,
            metrics: """
                # TYPE entrepot_requests_total counter
                entrepot_requests_total{action="get-manifest",status="2xx",cache="hit"} \(hits)
                entrepot_requests_total{action="get-blob",status="2xx",cache="miss"} \(misses)
                entrepot_requests_total{action="get-blob",status="5xx",cache="none"} 4
                entrepot_requests_total{action="none",status="2xx",cache="none"} 100000
                entrepot_requests_total{action="readyz",status="2xx",cache="none"} 100000
                entrepot_namespace_requests_total{namespace="hub",cache="hit"} \(hits)
                entrepot_namespace_requests_total{namespace="quay.io",cache="miss"} \(misses * 20)
                entrepot_namespace_requests_total{namespace="never",cache="hit"} 0
                entrepot_response_bytes_total{action="get-blob",source="cache"} 1048576
                entrepot_upstream_bytes_total{upstream="hub"} 2048
                process_open_fds 7
                """)
    }

    private func text(
        _ now: LoadSample, since before: LoadSample?, columns: Int = 120, rows: Int = 40, trouble: String? = nil
    ) -> String {
        LoadFrame(now, since: before, trouble: trouble)
            .lines(TerminalSize(columns: columns, rows: rows), clock: "12:03:04").joined(separator: "\n")
    }

    @Test func `a frame tells what changed since the last look`() throws {
        let text = text(
            try Self.sample(time: 12, uptime: 102, hits: 150, misses: 20, released: 3 << 20),
            since: try Self.sample())
        #expect(
            text == """
                entrepot 1.2.3  up 1:42  3 connections, 2 requests in flight                                                    12:03:04
                requests  35.0/s   hits 85.7 % (since the start 88.2 %)   failed 0.0/s
                bytes     sent 0 B/s (cache 0 B/s, fills 0 B/s)   received 0 B/s

                FILLS  1
                  sha256:abababababab [######################........]  75 %  3.0 MiB of 4.0 MiB  1.0 MiB/s  0:01  hub/nginx

                NAMESPACES  busiest first
                  quay.io     100.0/s  hits   0.0 %  since the start 400, hits 0.0 %
                  hub          30.0/s  hits 100.0 %  since the start 150, hits 100.0 %
                """)
    }

    @Test func `the first frame tells of all since the start`() throws {
        let text = text(try Self.sample(), since: nil)
        #expect(text.contains("requests  1.0/s   hits 90.0 % (since the start 90.0 %)   failed 0.0/s"))
        #expect(text.contains("sent 10.2 KiB/s (cache 10.2 KiB/s"))
    }

    @Test func `a server that was started anew counts anew`() throws {
        let text = text(try Self.sample(time: 20, uptime: 2, hits: 1, misses: 1), since: try Self.sample())
        #expect(text.contains("hits 50.0 % (since the start 50.0 %)"))
    }

    @Test func `upstreams with a trouble come first`() throws {
        let upstreams = """
            [{"namespace":"hub","upstream":"good","breaker":"closed","failures":0,"waitSeconds":0,"requestsInFlight":1,
              "requestsWaiting":2,"limit":100,"remaining":76},
             {"namespace":"quay.io","upstream":"bad","breaker":"open","failures":5,"waitSeconds":70,"lastError":"it is gone"}]
            """
        let lines = text(try Self.sample(upstreams: upstreams), since: nil).split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.hasPrefix("UPSTREAMS  2") })
        #expect(lines[first + 1] == "  quay.io  bad   open     asked again in 1:10  it is gone")
        #expect(lines[first + 2] == "  hub      good  closed   1 in flight  2 waiting  76 of 100 requests left")
    }

    private static let slow = """
        {"action":"get-blob","repository":"hub/nginx","reference":"sha256:0123456789abcdef0123456789abcdef","status":200,
         "seconds":12.345,"firstByteSeconds":0.5,"bytes":5,"cache":"entrepot; hit","ageSeconds":65}
        """

    @Test func `slow requests are told with what they were`() throws {
        let text = text(try Self.sample(slowest: "[\(Self.slow)]"), since: nil)
        #expect(
            text.contains("     12.35 s  first byte 0.50 s    200  get-blob hub/nginx sha256:0123456789ab"))
        #expect(text.contains(" 1:05 ago"))
    }

    @Test(arguments: [(80, 24), (40, 10), (20, 5), (1, 1), (200, 3)])
    func `a frame is never larger than the terminal`(columns: Int, rows: Int) throws {
        let many = "[\((0..<50).map { _ in Self.slow }.joined(separator: ","))]"
        let now = try Self.sample(slowest: many)
        let lines = LoadFrame(now, since: nil).lines(TerminalSize(columns: columns, rows: rows), clock: "12:03:04")
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { $0.count <= columns })
    }

    @Test func `what has no room is counted`() throws {
        let many = "[\((0..<20).map { _ in Self.slow }.joined(separator: ","))]"
        let lines = LoadFrame(try Self.sample(slowest: many), since: nil)
            .lines(TerminalSize(columns: 120, rows: 18), clock: "12:03:04")
        #expect(lines.contains { $0.contains("and 15 more") }, "\(lines.joined(separator: "\n"))")
        #expect(lines.contains { $0.contains("quay.io") })
    }

    @Test func `a line tells the same where there is no terminal`() throws {
        let now = try Self.sample(time: 12, uptime: 102, hits: 150, misses: 20, slowest: "[\(Self.slow)]")
        #expect(
            LoadFrame(now, since: try Self.sample()).line(clock: "12:03:04") == """
                12:03:04  35.0 requests/s, hits 85.7 %, 0.0 failed/s, 2 in flight, sent 0 B/s, received 0 B/s, 1 fills, \
                slowest 12.35 s get-blob hub/nginx sha256:0123456789ab
                """)
    }

    @Test func `what strangers named cannot steer the terminal`() throws {
        let now = try Self.sample(
            upstreams: #"""
                [{"namespace":"a\u001b[2J","upstream":"b\u202e","breaker":"open","waitSeconds":0,"lastError":"x\ny"}]
                """#)
        for text in [text(now, since: nil), LoadFrame(now, since: nil).line(clock: "")] {
            #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0.value == 0x202E })
        }
    }

    @Test func `a server that does not answer is told so, over what was last known`() throws {
        let now = try Self.sample()
        #expect(text(now, since: now, trouble: "refused").contains("no answer: refused; this is what was told last"))
    }

    @Test(arguments: [
        ([3, 3], 6, [3, 3]), ([10, 1], 6, [5, 1]), ([10, 10, 1], 0, [0, 0, 0]), ([9, 9], 5, [3, 2]), ([], 5, []),
    ])
    func `sections share the rows`(wanted: [Int], room: Int, shares: [Int]) {
        #expect(LoadFrame.shares(wanted, room: room) == shares)
    }
}
