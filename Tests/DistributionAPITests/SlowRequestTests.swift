import NIOConcurrencyHelpers
import NIOHTTP1
import OCI
import Testing

@testable import DistributionAPI
@testable import HTTPServer

/// What took long, for who looks at the running server.
@Suite struct SlowRequestTests {
    private let time = NIOLockedValueBox(Duration.zero)
    private let requests: SlowRequests

    init() {
        requests = SlowRequests { [time] in time.withLockedValue { $0 } }
    }

    private func note(_ milliseconds: Int64, tag: String = "v1", isKnown: Bool = true) throws {
        let exchange = Exchange(
            request: nil, requestID: "id", status: .ok, bytesSent: 7, bytesReceived: 0,
            nanoseconds: milliseconds * 1_000_000,
            firstByteNanoseconds: 2_000_000, outcome: .complete, clientAddress: nil, note: nil)
        var note = RequestNote()
        if isKnown {
            note.action = .getManifest(try #require(RepositoryName("hub/nginx")), .tag(try #require(Tag(tag))))
        }
        note.cache = "entrepot; hit"
        requests.note(exchange, CarriedNote(note))
    }

    @Test func `the slowest come first, with what they were`() throws {
        try note(300, tag: "a")
        time.withLockedValue { $0 += .seconds(5) }
        try note(2500, tag: "b")
        let reports = requests.reports
        #expect(reports.map(\.reference) == ["b", "a"])
        #expect(reports.map(\.seconds) == [2.5, 0.3])
        #expect(reports.map(\.ageSeconds) == [0, 5])
        #expect(reports[0].action == "get-manifest")
        #expect(reports[0].repository == "hub/nginx")
        #expect(reports[0].firstByteSeconds == 0.002)
        #expect(reports[0].bytes == 7)
        #expect(reports[0].cache == "entrepot; hit")
    }

    @Test func `what was fast or no request of the registry is not kept`() throws {
        try note(249)
        try note(9000, isKnown: false)
        #expect(requests.reports == [])
    }

    @Test func `what is old is not told`() throws {
        try note(1000)
        time.withLockedValue { $0 += .seconds(301) }
        #expect(requests.reports == [])
    }

    @Test func `there are never more than are told, and the newest are kept`() throws {
        for number in 0..<1000 { try note(1000 + Int64(number)) }
        #expect(requests.reports.count == SlowRequests.most.told)
        #expect(requests.reports.first?.seconds == 1.999)
        #expect(requests.reports.last?.seconds == 1.98)
    }
}
