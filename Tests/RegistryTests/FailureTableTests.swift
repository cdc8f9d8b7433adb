import Foundation
import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// The first table of `docs/explanation/upstream-failures.md`, cell by cell.
@Suite(.timeLimit(.minutes(1))) struct FailureTableTests {
    enum Condition: CaseIterable, Sendable {
        case notFound, unauthorized, denied, limited, limitedFor7, lowBudget, broken, silent
        case refused, unresolved, untrusted, cutShort, leftAlone, lying, full, circling, senseless

        var failure: UpstreamError.Kind? {
            switch self {
            case .notFound: .notFound
            case .unauthorized: .unauthorized
            case .denied: .denied
            case .limited: .rateLimited(retryAfter: nil)
            case .limitedFor7: .rateLimited(retryAfter: 7)
            case .broken: .unavailable(status: 503)
            case .refused, .leftAlone: .refused
            case .unresolved: .resolve
            case .untrusted: .tls
            case .cutShort: .cutShort
            case .circling: .redirectLoop
            case .senseless: .invalidResponse
            case .lowBudget, .silent, .lying, .full: nil
            }
        }

        /// The first cell of its row.
        var row: String {
            switch self {
            case .notFound: "says 404"
            case .unauthorized, .denied: "says 401 or 403"
            case .limited, .limitedFor7: "says 429"
            case .lowBudget: "allows less than a tenth of its limit"
            case .broken: "says 5xx"
            case .cutShort, .circling, .senseless: "breaks off its answer, redirects in circles, makes no sense"
            case .silent: "is silent for `header_timeout`"
            case .refused, .unresolved, .untrusted: "refuses connections, has no address, fails TLS"
            case .leftAlone: "has failed `breaker_failures` times in a row"
            case .lying: "sends another manifest than its digest says"
            case .full: "is used as much as it may be (`max_connections`)"
            }
        }

        /// Nothing comes of it before the time is over.
        var takesItsTime: Bool { self == .silent || self == .full }

        var isAsked: Bool { self != .leftAlone && self != .full }
    }

    enum Outcome: Equatable, Sendable {
        case served
        /// With a warning.
        case stale
        case refused(Int, retryAfter: Int? = nil)
    }

    private static let held: [(Condition, Outcome)] = [
        (.notFound, .refused(404)), (.unauthorized, .refused(403)), (.denied, .refused(403)), (.limited, .stale),
        (.limitedFor7, .stale), (.lowBudget, .stale), (.broken, .stale), (.silent, .stale), (.refused, .stale),
        (.unresolved, .stale), (.untrusted, .stale), (.cutShort, .stale), (.leftAlone, .stale), (.lying, .stale),
        (.full, .stale), (.circling, .stale), (.senseless, .stale),
    ]

    private static let nothingHeld: [(Condition, Outcome)] = [
        (.notFound, .refused(404)), (.unauthorized, .refused(403)), (.denied, .refused(403)),
        (.limited, .refused(429, retryAfter: 60)), (.limitedFor7, .refused(429, retryAfter: 7)),
        (.lowBudget, .served), (.broken, .refused(502)), (.silent, .refused(504)), (.refused, .refused(502)),
        (.unresolved, .refused(502)), (.untrusted, .refused(502)), (.cutShort, .refused(502)),
        (.leftAlone, .refused(502)), (.lying, .refused(502)), (.full, .refused(429, retryAfter: 5)),
        (.circling, .refused(502)), (.senseless, .refused(502)),
    ]

    /// Rows that need another upstream, another namespace or two questions in a row, and the suites that have them.
    private static let elsewhere = [
        "says 429, and is asked again too soon": "RateBudgetTests",
        "is slow, and there is another": "UpstreamHealthTests",
        "is not to be asked (`offline`)": "ClosureTests",
    ]

    private let image = Image()

    @Test(arguments: held)
    func whereItIsHeld(condition: Condition, expected: Outcome) async throws {
        try await Workshop.open(caps: UpstreamCaps(connections: 1)) { shop in
            let digest = image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            try await outcome(condition, shop, digest, expected)
            let isHeld =
                try await shop.store.tag(
                    try #require(Tag("v1")), in: try shop.repository("mirror/x").name) != nil
            #expect(isHeld == (condition != .notFound))
        }
    }

    @Test(arguments: nothingHeld)
    func whereNothingIsHeld(condition: Condition, expected: Outcome) async throws {
        try await Workshop.open(caps: UpstreamCaps(connections: 1)) { shop in
            let digest = image.hold(on: shop.upstream)
            try await outcome(condition, shop, digest, expected)
            if expected != .served { #expect(shop.objects.keys == []) }
        }
    }

    @Test func everyRowAndEveryConditionHasACase() throws {
        let rows = try Self.documentedRows()
        let here = Set(Condition.allCases.map(\.row))
        #expect(here.isDisjoint(with: Self.elsewhere.keys))
        #expect(rows.map(\.name).sorted() == (Array(here) + Self.elsewhere.keys).sorted())
        for (name, suite) in Self.elsewhere {
            #expect(rows.contains { $0.name == name && $0.suites.contains("`\(suite)`") }, "\(name)")
        }
        for cases in [Self.held, Self.nothingHeld] {
            #expect(Set(cases.map(\.0)) == Set(Condition.allCases))
        }
        let tests = Self.root.appendingPathComponent("Tests")
        for suite in Set(rows.flatMap { $0.suites.components(separatedBy: ", ") }) {
            let file = suite.trimmingCharacters(in: ["`"]) + ".swift"
            let places = ["RegistryTests", "UpstreamTests"].map { tests.appendingPathComponent("\($0)/\(file)").path }
            #expect(places.contains { FileManager.default.fileExists(atPath: $0) }, "there is no \(file)")
        }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The first and the last cell of each row of the first table.
    private static func documentedRows() throws -> [(name: String, suites: String)] {
        let document = root.appendingPathComponent("docs/explanation/upstream-failures.md")
        let lines = try String(contentsOf: document, encoding: .utf8).components(separatedBy: "\n")
        let table = lines.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return try table.dropFirst(2).map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 4, "\(line)")
            return (try #require(cells.first), try #require(cells.last))
        }
    }

    private func outcome(
        _ condition: Condition, _ shop: Workshop, _ digest: Digest, _ expected: Outcome
    ) async throws {
        let pass = try await prepare(condition, shop)
        let asked = shop.upstream.questions.count
        let pulling = Task { try await pull(shop) }
        if condition.takesItsTime {
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
        }
        do {
            let served = try await pulling.value
            #expect(served.content.digest == digest)
            #expect(expected == (served.warning == nil ? .served : .stale), "\(served.warning ?? "fresh")")
        } catch let error as RegistryError {
            #expect(expected == .refused(error.status, retryAfter: error.retryAfter), "\(error)")
        }
        if !condition.isAsked || condition == .lowBudget && expected == .stale {
            #expect(shop.upstream.questions.count == asked)
        }
        withExtendedLifetime(pass) {}
    }

    /// - Returns: What keeps the condition up.
    private func prepare(_ condition: Condition, _ shop: Workshop) async throws -> UpstreamPass? {
        if let failure = condition.failure { shop.upstream.fail(failure) }
        switch condition {
        case .silent:
            shop.upstream.beSilent(true)
        case .lowBudget:
            shop.upstream.budget?.note(RateBudget.Reading(limit: 100, remaining: 9, window: nil, time: shop.time))
        case .lying:
            shop.upstream.claim(Digest(hashing: ByteBuffer(string: "something else")))
        case .leftAlone:
            for number in 0..<5 { _ = try? await pull(shop, "absent\(number)") }
        case .full:
            let errand = UpstreamErrand(
                repository: try shop.repository("mirror/other").name, urgency: Urgency(.question))
            return try await shop.upstream.gate?.admit(errand, patience: .zero)
        default:
            break
        }
        return nil
    }

    private func pull(_ shop: Workshop, _ tag: String = "v1") async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(try shop.repository("mirror/x"), .tag(try #require(Tag(tag))))
    }
}
